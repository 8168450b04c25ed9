from importlib.metadata import metadata

from app.core.program import program_version


def test_the_version_is_the_one_of_the_package_that_holds_this_program():
    assert program_version() == metadata("domain-compliance-scanner")["Version"]
