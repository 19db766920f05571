#!/usr/bin/env python3
"""A worker in Python: takes `fortune_draw` jobs over HTTP, and draws a fortune for each. Standard library only.

    WORKER_EMAIL=worker@example.com WORKER_PASSWORD=... python3 examples/fortune_worker.py

The account needs the role `service`. `API_URL` is http://127.0.0.1:8000/api/v1 unless it is set. With `--once` it ends
when no job is waiting. Ctrl-C or SIGTERM let it finish the job that it has.
"""

import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

API = os.environ.get("API_URL", "http://127.0.0.1:8000/api/v1").rstrip("/")
FORTUNES = {
    "great blessing": "What you wait for is on its way.",
    "blessing": "A small kindness will come back to you.",
    "blessing in the end": "Patience: the second attempt succeeds.",
    "misfortune": "Not today. Tie this one to a pine, and draw again tomorrow.",
}
stopping = threading.Event()


class LeaseLost(Exception):
    """The job is another worker's by now, or has ended: leave it alone."""


class Refused(Exception):
    """The API answers that it does not do it."""

    def __init__(self, status, code):
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Api:
    """The API, signed in; signs in again when the token has ended."""

    def __init__(self, email, password):
        self.credentials = {"email": email, "password": password}
        self.token = None

    def post(self, path, body, patience_seconds=20):
        """Sends until there is an answer: claims apart, everything here may be sent again."""
        delay_seconds = 0.5
        while True:
            try:
                if self.token is None:
                    session = self.send("/auth/login", self.credentials, patience_seconds)
                    self.token = session["tokens"]["access_token"]
                return self.send(path, body, patience_seconds)
            except Refused as refused:
                if refused.code == "LEASE_LOST":
                    raise LeaseLost from None
                if refused.code == "UNAUTHENTICATED":
                    self.token = None
                elif refused.status not in (429, 502, 503, 504):
                    raise SystemExit(f"{path} is refused: {refused}") from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                # No connection, an answer that breaks off, or one that is none.
                print(f"no answer ({error!r}); trying again", file=sys.stderr)
            if stopping.wait(delay_seconds):
                # Once more, and not for ever: what is not said now ends with the lease.
                if delay_seconds > 4:
                    raise SystemExit("the API does not answer")
                time.sleep(delay_seconds)
            delay_seconds = min(delay_seconds * 2, 30)

    def send(self, path, body, patience_seconds):
        headers = {"Content-Type": "application/json", "User-Agent": "fortune_worker.py"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(API + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=patience_seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, code_of(error.read())) from None


def code_of(body):
    """The code of a problem document; a proxy may send something else."""
    try:
        return json.loads(body)["code"]
    except (ValueError, TypeError, KeyError):
        return None


class Heartbeat:
    """Gives signs of life beside the work, and knows whether the lease is lost."""

    def __init__(self, api, job):
        self.api, self.job = api, job
        self.progress_percent = 0
        self.lost = False
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.beat, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def beat(self):
        ends = self.job["lease_expires_at"]
        while not self.done.wait(seconds_until(ends) / 3):
            body = {"lease_token": self.job["lease_token"], "progress_percent": self.progress_percent}
            try:
                path = f"/worker/jobs/{self.job['job_id']}/heartbeat"
                ends = self.api.post(path, body)["lease_expires_at"]
            except LeaseLost:
                self.lost = True
                return


def seconds_until(text):
    ends = datetime.fromisoformat(text.replace("Z", "+00:00").split(".")[0].split("+")[0])
    return max((ends.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)).total_seconds(), 0.1)


def draw(job, heartbeat):
    """The work itself: the same job always draws the same fortune, however often it is tried."""
    drawing = random.Random(job["job_id"])
    for percent in (25, 50, 75):
        time.sleep(0.1)  # shaking the box
        heartbeat.progress_percent = percent
    name = drawing.choice(sorted(FORTUNES))
    return {"fortune": name, "question": job["input"].get("question"), "text": FORTUNES[name]}


def work_on(api, job):
    path = f"/worker/jobs/{job['job_id']}"
    try:
        try:
            with Heartbeat(api, job) as heartbeat:
                output = draw(job, heartbeat)
            if heartbeat.lost:
                raise LeaseLost
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            answer = api.post(
                path + "/fail", {"lease_token": job["lease_token"], "error": repr(error)[:1000]}
            )
        else:
            answer = api.post(
                path + "/complete",
                {"lease_token": job["lease_token"], "output": output, "output_text": output["text"]},
            )
        print(f"job {job['job_id']}, attempt {job['attempt']}: {answer['status']}", flush=True)
    except LeaseLost:
        print(f"job {job['job_id']}: the lease is lost", file=sys.stderr)


def main():
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    once = "--once" in sys.argv[1:]
    try:
        api = Api(os.environ["WORKER_EMAIL"], os.environ["WORKER_PASSWORD"])
    except KeyError as missing:
        raise SystemExit(f"set {missing.args[0]}") from None
    claim = {
        "job_types": ["fortune_draw"],
        "count": 1,
        "worker_name": f"fortune_worker.py {os.getpid()} on {socket.gethostname()}",
        "wait_seconds": 0 if once else 20,
    }
    while not stopping.is_set():
        # The answer takes as long as the wait; the rest is for the way.
        jobs = api.post("/worker/jobs/claim", claim, patience_seconds=claim["wait_seconds"] + 20)["jobs"]
        for job in jobs:
            work_on(api, job)
        if once and not jobs:
            return


if __name__ == "__main__":
    main()
