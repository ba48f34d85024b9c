"""Text of systemd units and crontab lines that run the night.

Sources: systemd.service(5), systemd.timer(5), systemd.exec(5), systemd.syntax(7), crontab(5).
"""

from dataclasses import dataclass

from groundstation.errors import UsageError

HOURS_PER_DAY = 24
DEGRADED = 3
BUSY = 75


@dataclass(frozen=True, slots=True)
class Job:
    """What runs, where and when.

    Parameters
    ----------
    program, network_file, folder : absolute paths
    title, name : of the network
    hours, minute : of the day, UTC
    """

    program: str
    network_file: str
    folder: str
    title: str
    name: str
    hours: tuple[int, ...]
    minute: int


def hours_of(text: str) -> tuple[int, ...]:
    """Hours of the day from a list such as `10,16,20`.

    Raises
    ------
    UsageError
        something in it is not an hour
    """
    hours = []
    for word in text.split(","):
        if not word.strip().isdecimal() or int(word) >= HOURS_PER_DAY:
            raise UsageError(
                f"{word.strip()!r} is not an hour of the day", hint="for example 10,16,20"
            )
        hours.append(int(word))
    return tuple(sorted(set(hours)))


def systemd_units(job: Job) -> str:
    """A service and its timer, each under a comment that names its file."""
    unit = f"groundstation-{job.name}"
    when = f"*-*-* {','.join(f'{hour:02d}' for hour in job.hours)}:{job.minute:02d}:00 UTC"
    command = " ".join(map(_systemd_word, (job.program, "-c", job.network_file, "nightly")))
    title = _systemd_text(job.title)
    return f"""\
# /etc/systemd/system/{unit}.service
[Unit]
Description=Plan the night of {title}
Documentation=man:groundstation(1)
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=oneshot
ExecStart={command}
WorkingDirectory={_systemd_path(job.folder)}
# 3: done but degraded; 75: another run is at work.
SuccessExitStatus={DEGRADED} {BUSY}
TimeoutStartSec=30min
UMask=0027
Nice=10
LimitCORE=0
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={_systemd_word(job.folder)}

# /etc/systemd/system/{unit}.timer
[Unit]
Description=Plan the night of {title} several times a day

[Timer]
OnCalendar={when}
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target
"""


def crontab(job: Job) -> str:
    """A crontab whose times are UTC; cron mails what goes to standard error."""
    hours = ",".join(map(str, job.hours))
    command = " ".join(
        ["cd", _cron_word(job.folder), "&&"]
        + [_cron_word(word) for word in (job.program, "-c", job.network_file, "nightly")]
        + [">", "/dev/null"]
    )
    title = " ".join(job.title.split())
    return (
        f"# Plan the night of {title}; the hours are UTC where cron knows CRON_TZ,\n"
        "# local time elsewhere.\n"
        f"CRON_TZ=UTC\n{job.minute} {hours} * * * {command}\n"
    )


def _systemd_text(text: str) -> str:
    """A description: one line, without specifiers."""
    return " ".join(text.split()).replace("%", "%%")


def _systemd_path(path: str) -> str:
    """A path that is a whole value: blanks are fine, specifiers are not."""
    return _refused(path).replace("%", "%%")


def _systemd_word(word: str) -> str:
    """A word of a command line or a list: quoted, without specifiers and variables."""
    quoted = _refused(word).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    quoted = quoted.replace("$", "$$")
    return quoted if quoted == word and " " not in word and "'" not in word else f'"{quoted}"'


def _cron_word(word: str) -> str:
    """A word for the shell inside a crontab line, where % is a line end unless escaped."""
    plain = _refused(word).replace("'", "'\\''")
    is_safe = all(c.isalnum() or c in "/._-+,:@" for c in word)
    return (word if is_safe else f"'{plain}'").replace("%", "\\%")


def _refused(path: str) -> str:
    if "\n" in path or "\0" in path:
        raise UsageError(f"the path {path!r} has a line end in it", hint="rename the folder")
    return path
