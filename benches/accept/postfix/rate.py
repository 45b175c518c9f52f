"""Messages a second of one Postfix without and with the gate, by smtp-source over 50 connections."""

import sys
from harness import *

COUNT = int(os.environ.get("COUNT", "5000"))
SESSIONS = int(os.environ.get("SESSIONS", "50"))


def measure(mode):
    base = folder()
    door, again = port(), port()
    postfix = gate = None
    try:
        options = {"milter": {"milter": door}, "proxy": {"proxy": door, "reinject": again}}.get(mode, {})
        # What was taken is thrown away: the door is measured, not the way on.
        postfix = Postfix(base / "postfix", "discard:", **options)
        if mode == "milter":
            gate = Gate(base, milter=door)
        elif mode == "proxy":
            gate = Gate(base, smtp=door, next_hop=again)
        if gate:
            gate.start()
        postfix.start()
        source = ["smtp-source", "-s", str(SESSIONS), "-l", "4000", "-f", "a@press.example", "-t", "mp@parl.example"]
        subprocess.run([*source, "-m", "200", f"inet:127.0.0.1:{postfix.port}"], check=True)
        began = time.time()
        subprocess.run([*source, "-m", str(COUNT), f"inet:127.0.0.1:{postfix.port}"], check=True)
        rate = COUNT / (time.time() - began)
        if gate:
            gate.stop()
        return rate
    finally:
        if postfix:
            postfix.stop()
        if gate and gate.process.poll() is None:
            gate.kill()
        shutil.rmtree(base, ignore_errors=True)


alone = measure("alone")
print(f"Postfix alone: {alone:.0f} messages a second over {SESSIONS} connections")
for mode in sys.argv[1:] or ["milter", "proxy"]:
    rate = measure(mode)
    print(f"{mode:7} with the gate: {rate:.0f} messages a second, {rate / alone:.2f} of Postfix alone")
