"""A login comes from the environment or from a private file, and never shows itself."""

import pytest

from tle.errors import SourceError
from tle.provider.credentials import PASSWORD_VARIABLE, USER_VARIABLE, Credentials, find_credentials


def file_of(folder, text, mode=0o600):
    path = folder / "login.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_environment_precedes_the_file(tmp_path):
    file = file_of(tmp_path, 'user = "file"\npassword = "file-pass"\n')
    environment = {USER_VARIABLE: "me", PASSWORD_VARIABLE: "secret"}
    assert find_credentials(environment, file) == Credentials("me", "secret")
    assert find_credentials({}, file) == Credentials("file", "file-pass")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o602])
def test_a_file_that_others_can_reach_is_refused(tmp_path, mode):
    file = file_of(tmp_path, 'user = "me"\npassword = "s3cret"\n', mode)
    with pytest.raises(SourceError, match=f"has mode {mode:04o}") as caught:
        find_credentials({}, file)
    assert caught.value.hint == f"chmod 600 {file}"


@pytest.mark.parametrize(
    "text", ['user = "me"\npassword = s3cret\n', 'user = "me"\n', "password = 1\nuser = 2\n", ""]
)
def test_a_file_that_cannot_be_read_does_not_show_what_it_holds(tmp_path, text):
    with pytest.raises(SourceError, match=r"cannot be read|lacks user") as caught:
        find_credentials({}, file_of(tmp_path, text))
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_bytes_that_are_no_text_are_refused(tmp_path):
    file = file_of(tmp_path, "")
    file.write_bytes(b"password = \xff")
    with pytest.raises(SourceError, match="cannot be read"):
        find_credentials({}, file)


def test_half_a_login_in_the_environment_is_refused():
    with pytest.raises(SourceError, match=f"{PASSWORD_VARIABLE} is not set"):
        find_credentials({USER_VARIABLE: "me"}, None)
    with pytest.raises(SourceError, match=f"{USER_VARIABLE} is not set"):
        find_credentials({PASSWORD_VARIABLE: "secret"}, None)


def test_no_login_at_all_names_both_ways(tmp_path):
    with pytest.raises(SourceError, match="none is given") as caught:
        find_credentials({}, None)
    assert USER_VARIABLE in str(caught.value.hint)
    with pytest.raises(SourceError, match="no such file or directory"):
        find_credentials({}, tmp_path / "gone.toml")


def test_a_login_does_not_print_itself():
    login = Credentials("me@example.org", "s3cret")
    assert repr(login) == "Credentials()"
    assert login.redact("me@example.org has s3cret") == "*** has ***"


def test_a_password_that_holds_the_user_name_is_redacted_whole():
    assert Credentials("me", "me-and-more").redact("[me-and-more]") == "[***]"
