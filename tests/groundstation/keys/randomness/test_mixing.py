"""Hardware randomness is mixed with the system's and never replaces it."""

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from groundstation.errors import UsageError
from groundstation.keys.randomness.cutoffs import health_tests
from groundstation.keys.randomness.errors import RandomnessError
from groundstation.keys.randomness.mixing import (
    START_UP_BYTES,
    EventKind,
    MixedRandomness,
    OnFailure,
    SystemRandomness,
)
from groundstation.keys.randomness.profiles import generator_profile, generator_profiles
from groundstation.keys.randomness.sources import Callback, CharacterDevice, Command, RecordedFile

TESTS = health_tests(-30)


class Hardware:
    """A generator that can be broken and repaired."""

    name = "test generator"

    def __init__(self):
        self.rng = np.random.default_rng(1)
        self.given = bytearray()
        self.is_stuck = self.is_gone = False

    def read(self, n_bytes):
        if self.is_gone:
            raise RandomnessError("test generator is unplugged")
        found = b"\x55\x00\xff\xff\xff\xff" * n_bytes if self.is_stuck else self.rng.bytes(n_bytes)
        self.given += found[:n_bytes]
        return found[:n_bytes]


@pytest.fixture
def hardware():
    return Hardware()


@pytest.fixture
def events():
    return []


def system_bytes(n_bytes):
    return bytes(index % 251 for index in range(n_bytes))


def mixed(hardware, events, **options):
    return MixedRandomness(hardware, TESTS, on_event=events.append, system=system_bytes, **options)


def test_bytes_are_the_xor_of_hardware_and_system_after_the_start_up_test(hardware, events):
    source = mixed(hardware, events)
    assert len(hardware.given) == START_UP_BYTES >= 1024
    drawn = source.draw(300)
    raw = bytes(hardware.given[START_UP_BYTES:])
    assert drawn.material == bytes(a ^ b for a, b in zip(raw, system_bytes(300), strict=True))
    assert drawn.origin == "test generator mixed with the operating system"
    assert [event.kind for event in events] == [EventKind.STARTED]
    assert drawn.material[:4].hex() not in repr(drawn)


def test_a_failure_is_reported_once_and_nothing_is_handed_out(hardware, events):
    source = mixed(hardware, events)
    hardware.is_stuck = True
    for _ in range(3):
        with pytest.raises(RandomnessError, match=r"refused: test generator failed .repetition"):
            source.draw(64)
    assert [event.kind for event in events] == [EventKind.STARTED, EventKind.FAILED]
    assert "repetition-count test" in events[1].reason
    # Out of service, also when the next bytes would pass.
    hardware.is_stuck = False
    read = len(hardware.given)
    with pytest.raises(RandomnessError, match="refused"):
        source.draw(64)
    assert len(hardware.given) == read


def test_a_restart_tests_anew_and_brings_it_back(hardware, events):
    source = mixed(hardware, events)
    hardware.is_stuck = True
    with pytest.raises(RandomnessError):
        source.draw(64)
    with pytest.raises(RandomnessError, match="refused"):
        source.restart()
    hardware.is_stuck = False
    source.restart()
    assert source.failure is None
    assert len(source.draw(64).material) == 64
    assert [event.kind for event in events] == [
        EventKind.STARTED,
        EventKind.FAILED,
        EventKind.FAILED,
        EventKind.STARTED,
    ]


def test_the_system_alone_serves_only_where_the_policy_says_so(hardware, events):
    source = mixed(hardware, events, on_failure=OnFailure.SYSTEM_ONLY)
    hardware.is_gone = True
    drawn = source.draw(40)
    assert drawn.material == system_bytes(40)
    assert drawn.origin == "operating system alone (test generator is out of service)"
    assert events[-1].reason == source.failure == "test generator is unplugged"


def test_a_generator_that_is_broken_from_the_start_is_not_used(hardware, events):
    hardware.is_stuck = True
    with pytest.raises(RandomnessError, match="refused: test generator failed"):
        mixed(hardware, events)
    source = mixed(hardware, events, on_failure=OnFailure.SYSTEM_ONLY)
    assert source.draw(8).material == system_bytes(8)
    assert [event.kind for event in events] == [EventKind.FAILED] * 2


def test_threads_share_a_generator_without_sharing_bytes(hardware, events):
    source = mixed(hardware, events)
    drawn: list[bytes] = []

    def draw():
        drawn.extend(source.draw(16).material for _ in range(50))

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == len(drawn) == 400
    assert len(hardware.given) == START_UP_BYTES + 400 * 16


def test_nothing_is_drawn_for_nothing(hardware, events):
    assert mixed(hardware, events).draw(0).material == b""


def test_the_system_alone_is_the_default_and_must_give_what_was_asked_for():
    first, second = (SystemRandomness().draw(32) for _ in range(2))
    assert first.material != second.material
    assert (len(first.material), first.origin) == (32, "operating system")
    with pytest.raises(RandomnessError, match="gave 3 random bytes, asked for 8"):
        SystemRandomness(lambda _: b"abc").draw(8)


# --- where hardware is read -----------------------------------------------------------------------


def test_a_recorded_file_gives_each_byte_once(tmp_path):
    path = tmp_path / "recorded.bin"
    path.write_bytes(bytes(range(100)))
    source = RecordedFile(path)
    assert source.read(10) + source.read(5) == bytes(range(15))
    assert source.position_bytes == 15
    again = RecordedFile(path, source.position_bytes)
    assert again.read(80) == bytes(range(15, 95))
    with pytest.raises(RandomnessError, match=r"file recorded.bin has 5 of 6 bytes left"):
        again.read(6)
    assert again.position_bytes == 95
    with pytest.raises(RandomnessError, match="cannot read file none: no such file"):
        RecordedFile(tmp_path / "none").read(1)
    with pytest.raises(RandomnessError, match="is not a regular file"):
        RecordedFile(tmp_path).read(1)
    with pytest.raises(RandomnessError, match="offset of -1 bytes"):
        RecordedFile(path, -1)


def test_a_character_device_is_read_to_the_last_byte(tmp_path):
    device = CharacterDevice(Path("/dev/urandom"))
    assert len(device.read(100_000)) == 100_000
    with pytest.raises(RandomnessError, match="device null ended after 0 of 4 bytes"):
        CharacterDevice(Path("/dev/null")).read(4)
    (tmp_path / "plain").write_bytes(bytes(10))
    with pytest.raises(RandomnessError, match="device plain is not a character device"):
        CharacterDevice(tmp_path / "plain").read(4)
    with pytest.raises(RandomnessError, match="cannot read device none"):
        CharacterDevice(tmp_path / "none").read(4)


def test_a_silent_character_device_is_given_up_in_time():
    leader, follower = os.openpty()
    try:
        os.write(leader, b"ab\n")
        silent = CharacterDevice(Path(os.ttyname(follower)), timeout_s=0.2)
        with pytest.raises(RandomnessError, match=r"was silent for 0.2 s after 3 of 8 bytes"):
            silent.read(8)
    finally:
        os.close(leader)
        os.close(follower)


def python(code):
    return Command([sys.executable, "-c", code, "{bytes}"], timeout_s=20.0)


def test_a_command_gives_exactly_what_it_was_asked_for():
    write = "import sys; sys.stdout.buffer.write(bytes(range(int(sys.argv[1]))))"
    assert python(write).read(7) == bytes(range(7))
    with pytest.raises(RandomnessError, match=r"wrote 2 bytes, asked for 7"):
        python("print('a')").read(7)
    with pytest.raises(RandomnessError, match="ended with status 3"):
        python("import sys; sys.exit(3)").read(7)
    with pytest.raises(RandomnessError, match="cannot read command no-such-program"):
        Command(["/no-such-program"]).read(7)
    with pytest.raises(RandomnessError, match="without a program"):
        Command([])


def test_a_command_that_hangs_is_ended_and_tells_none_of_its_bytes():
    hanging = Command(
        [sys.executable, "-c", "import time; print('secret', flush=True); time.sleep(60)"],
        timeout_s=0.7,
    )
    with pytest.raises(RandomnessError, match=r"took more than 0.7 s") as caught:
        hanging.read(7)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_function_must_give_what_was_asked_for():
    assert Callback("library", bytes).read(3) == bytes(3)
    with pytest.raises(RandomnessError, match="library gave 1 bytes, asked for 3"):
        Callback("library", lambda _: b"x").read(3)


# --- profiles -------------------------------------------------------------------------------------


def test_profiles_have_sources_and_tests_that_can_be_made():
    profiles = generator_profiles()
    assert set(profiles) == {"quantis-usb-4M", "quantis-pcie-16M", "idq20mc1"}
    for profile in profiles.values():
        assert profile.sources
        assert profile.tests().sample_bits == profile.sample_bits
    # 4 Mbit/s by USB, four times as much by PCIe; the chip's rate is unknown.
    assert profiles["quantis-usb-4M"].rate_bits_per_s == 4_000_000
    assert profiles["quantis-pcie-16M"].rate_bits_per_s == 16_000_000
    assert profiles["idq20mc1"].rate_bits_per_s is None
    assert profiles["quantis-usb-4M"].tests().repetition == 41


def test_an_unknown_profile_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"no generator profile 'quantis-usb'.*quantis-usb-4M"):
        generator_profile("quantis-usb")
    assert generator_profile("idq20mc1").name == "idq20mc1"
