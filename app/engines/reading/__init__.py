"""Reading what hosts sent, in processes of their own: whatever a page does there, the scan goes on (ADR 0011)."""
