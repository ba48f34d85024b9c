"""`groundstation install` prints units and crontab lines that run as they stand."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from groundstation.cli.install_units import Job, crontab, hours_of, systemd_units
from groundstation.cli.main import groundstation
from groundstation.errors import UsageError

JOB = Job(
    program="/opt/gs/bin/groundstation",
    network_file="/srv/a b/100% $x 'n'/groundstation.toml",
    folder="/srv/a b/100% $x 'n'",
    title="Netz 100 % Süd",
    name="sued",
    hours=(10, 20),
    minute=7,
)


def units(text):
    """Both units as sections, by file name."""
    found = {}
    for part in text.split("# /etc/systemd/system/")[1:]:
        name, _, body = part.partition("\n")
        parser = configparser.ConfigParser(interpolation=None, strict=True)
        setattr(parser, "optionxform", str)  # noqa: B010 - keys keep their capitals
        parser.read_string(body)
        found[name] = parser
    return found


def test_the_timer_starts_the_service_of_the_same_name_at_the_hours_in_utc():
    made = units(systemd_units(JOB))
    assert set(made) == {"groundstation-sued.service", "groundstation-sued.timer"}
    timer = made["groundstation-sued.timer"]["Timer"]
    assert timer["OnCalendar"] == "*-*-* 10,20:07:00 UTC"
    assert timer["Persistent"] == "true"


def test_degraded_and_busy_are_no_failures_of_the_service():
    service = units(systemd_units(JOB))["groundstation-sued.service"]["Service"]
    assert service["SuccessExitStatus"].split() == ["3", "75"]
    assert service["Type"] == "oneshot"


def test_blanks_percent_and_dollar_signs_of_a_path_reach_the_program():
    service = units(systemd_units(JOB))["groundstation-sued.service"]["Service"]
    # systemd turns %% into % and $$ into $ (systemd.service(5), command lines).
    assert service["ExecStart"] == (
        "/opt/gs/bin/groundstation -c \"/srv/a b/100%% $$x 'n'/groundstation.toml\" nightly"
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_itself_finds_no_fault(tmp_path):
    job = Job(sys.executable, str(tmp_path / "n.toml"), str(tmp_path), "N", "n", (1,), 0)
    text = systemd_units(job)
    for part in text.split("# /etc/systemd/system/")[1:]:
        name, _, body = part.partition("\n")
        (tmp_path / name).write_text(body)
    subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "groundstation-n.timer")], check=True
    )


def test_a_shell_runs_the_crontab_line_in_the_folder_whatever_its_name(tmp_path):
    folder = tmp_path / "a b 100% $HOME 'x'"
    folder.mkdir()
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" > "$OUT"\n')
    program.chmod(0o755)
    job = Job(str(program), str(folder / "n.toml"), str(folder), "N", "n", (10,), 7)
    line = crontab(job).splitlines()[-1]
    (
        minute,
        hour,
        *_,
    ) = line.split()
    command = line.split(maxsplit=5)[5].replace("\\%", "%")
    out = tmp_path / "out"
    subprocess.run(["/bin/sh", "-c", command], check=True, env={**os.environ, "OUT": str(out)})
    assert (minute, hour) == ("7", "10")
    assert out.read_text().splitlines() == [
        str(folder), "-c", str(folder / "n.toml"), "nightly",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "24", "-1", "ten", "10,,20"])
def test_what_is_no_hour_is_refused(text):
    with pytest.raises(UsageError, match="not an hour"):
        hours_of(text)


def test_hours_are_sorted_and_named_once():
    assert hours_of("20, 10,20") == (10, 20)


def test_an_example_is_refused_and_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(groundstation, arguments, standalone_mode=False)

    assert "not run every night" in str(
        call("--example", "micius-2016", "install", "--cron").exception
    )
    call("init", "night", "--example", "micius-2016")
    result = call("-c", "night/groundstation.toml", "install", "--systemd")
    assert result.exception is None, result.exception
    assert f"WorkingDirectory={Path('night').resolve()}" in result.output
    assert "say what is wanted" in str(call("-c", "night/groundstation.toml", "install").exception)
