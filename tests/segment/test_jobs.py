"""A job's story is always told to its end, and no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from napari_ctcl.events import Failed, Finished, Note, Progress, encode
from napari_ctcl.jobs import Job

SAY = "import sys; say = lambda line: print(line, flush=True)\n"


def python(code, *arguments):
    return [sys.executable, "-c", SAY + code, *arguments]


def wait_for(condition, timeout_s=10):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_events_come_as_they_were_said():
    said = [Progress(done=1, total=2, unit="windows"), Note(text="half of it"), Finished(result={"photos": 1})]
    code = "\n".join(f"say({encode(event)!r})" for event in said)
    job = Job(python(code))
    assert list(job.events()) == said
    assert job.returncode == 0
    assert not job.running


def test_a_failure_that_was_said_is_the_last_event():
    failed = Failed(what="no such photo", exit_code=2)
    job = Job(python(f"say({encode(failed)!r}); sys.exit(2)"))
    assert list(job.events()) == [failed]
    assert job.returncode == 2


def test_a_process_that_dies_without_a_word_fails_with_its_last_words(tmp_path):
    log = tmp_path / "job.log"
    (failed,) = Job(python("raise RuntimeError('the lamp is out')"), log=log).events()
    assert isinstance(failed, Failed)
    assert failed.exit_code == 1
    assert failed.what == "the process ended with exit code 1 before it was done: RuntimeError: the lamp is out"
    assert failed.do == f"{log} says more"
    assert "the lamp is out" in log.read_text()


def test_a_killed_process_fails_with_the_signal_that_killed_it():
    (failed,) = Job(python("import os; os.kill(os.getpid(), 9)")).events()
    assert "SIGKILL" in failed.what


def test_a_program_that_does_not_exist_fails():
    (failed,) = Job(["/no/such/program"]).events()
    assert isinstance(failed, Failed)
    assert "/no/such/program" in failed.what or "FileNotFoundError" in failed.what


def test_a_line_that_is_no_event_is_passed_on_as_a_note():
    job = Job(python(f"say('a library chats'); say(''); say({encode(Finished())!r})"))
    assert list(job.events()) == [Note(text="a library chats"), Finished()]


def test_cancelling_lets_the_process_say_its_last_event():
    last = encode(Failed(what="stopped on request", exit_code=130))
    code = f"""
import signal, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    say({encode(Note(text="ready"))!r})
    time.sleep(60)
except KeyboardInterrupt:
    say({last!r})
    sys.exit(130)
"""
    job = Job(python(code))
    events = job.events()
    assert next(events) == Note(text="ready")
    job.cancel()
    assert [event.exit_code for event in events] == [130]
    assert job.returncode == 130


def test_a_process_deaf_to_sigterm_is_killed_with_its_children():
    code = """
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
say(str(child.pid))
time.sleep(60)
"""
    job = Job(python(code), patience_s=0.2)
    events = job.events()
    child = int(next(events).text)
    job.cancel()
    assert job.returncode == -signal.SIGKILL
    (failed,) = events
    assert failed.exit_code == 130
    wait_for(lambda: not alive(child) or zombie(child))


def zombie(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_closing_the_events_stops_the_process():
    job = Job(python(f"import time; say({encode(Note(text='ready'))!r}); time.sleep(60)"))
    events = job.events()
    next(events)
    events.close()
    assert not job.running


def test_cancelling_what_has_ended_does_nothing():
    job = Job(python(f"say({encode(Finished())!r})"))
    list(job.events())
    job.cancel()
    assert job.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the tie between processes is Linux's")
def test_the_process_dies_with_the_program_that_started_it():
    code = """
import os
from napari_ctcl.jobs import Job
job = Job([sys.executable, "-c", "import time; print('there', flush=True); time.sleep(60)"])
next(job.events())
say(str(job.pid))
os.kill(os.getpid(), 9)
"""
    parent = subprocess.run(python(code), capture_output=True, text=True, check=False)
    assert parent.returncode == -signal.SIGKILL
    child = int(parent.stdout)
    wait_for(lambda: not alive(child) or zombie(child))


def test_the_process_outlives_the_thread_that_started_it():
    jobs = []
    code = f"import time; time.sleep(0.5); say({encode(Finished())!r})"
    starter = threading.Thread(target=lambda: jobs.append(Job(python(code))))
    starter.start()
    starter.join()
    assert list(jobs[0].events()) == [Finished()]
