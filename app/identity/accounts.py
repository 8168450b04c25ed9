"""What other subjects ask of accounts and of the audit log in transactions of their own."""

from app.identity.queries.audit import names_of, prove_writable
from app.identity.queries.users import find_active, is_active, lock, owner_is_active, roles_of_active

__all__ = ["find_active", "is_active", "lock", "names_of", "owner_is_active", "prove_writable", "roles_of_active"]
