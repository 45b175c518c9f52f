"""Messages through a real Postfix while the gate is killed and reloaded at random: none is lost."""

import json, sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from harness import *

COUNT = int(os.environ.get("COUNT", "10000"))
KILLS = int(os.environ.get("KILLS", "20"))
RELOADS = int(os.environ.get("RELOADS", "20"))
SENDERS = int(os.environ.get("SENDERS", "20"))
random.seed(int(os.environ.get("SEED", "1")))


def treatment(number):
    return ["pass", "pass", "tag", "neutralise", "quarantine"][number % 5]


def check(mode):
    base = folder()
    sink = Sink()
    door, again = port(), port()
    relay = f"smtp:[127.0.0.1]:{sink.port}"
    if mode == "milter":
        postfix, gate = Postfix(base / "postfix", relay, milter=door), Gate(base, milter=door)
    else:
        postfix = Postfix(base / "postfix", relay, proxy=door, reinject=again)
        gate = Gate(base, smtp=door, next_hop=again)
    gate.start()
    postfix.start()
    retries, done, began = Counter(), threading.Event(), time.time()
    sent = [0]

    def one(number):
        unique, raw = f"u{number}", message(treatment(number), f"u{number}")
        # The sender keeps the message until it is told that it was taken.
        while (code := send(postfix.port, unique, raw)) != 250:
            assert code // 100 == 4, (unique, code)
            retries[code] += 1
            time.sleep(0.2)
        sent[0] += 1

    def trouble():
        # Spread over the run by how far it has come, at random between.
        acts = sorted([(random.random(), "kill") for _ in range(KILLS)] + [(random.random(), "reload") for _ in range(RELOADS)])
        for at, act in acts:
            while sent[0] < at * COUNT * 0.95 and not done.is_set():
                time.sleep(0.002)
            time.sleep(random.random() * 0.05)
            if act == "kill":
                gate.kill()
                gate.start()
            else:
                gate.reload()

    worker = threading.Thread(target=trouble)
    worker.start()
    try:
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(one, range(COUNT)))
        done.set()
        worker.join()
        end = time.time() + 300
        while postfix.waiting() and time.time() < end:
            postfix.flush()
            time.sleep(1)
        took = time.time() - began
        listed = gate.quarantine("list", "--format", "json", "--limit", "0").stdout.splitlines()
        entries = [json.loads(line) for line in listed]
        held = Counter(e["mail_from"].split("@")[0] for e in entries if e["why"] == "quarantined")
        orphans = sum(e["why"] == "orphan" for e in entries)
        with sink.lock:
            # Postfix also writes to its postmaster, of doors that it found shut.
            arrived = Counter(sender.split("@")[0] for sender, _, _ in sink.got if re.match(r"u\d+@", sender))
        all_of = {f"u{number}" for number in range(COUNT)}
        lost = all_of - set(held) - set(arrived)
        astray = [u for u in held if treatment(int(u[1:])) != "quarantine"] + [u for u in arrived if treatment(int(u[1:])) == "quarantine"]
        doubled = sum(n - 1 for n in arrived.values()), sum(n - 1 for n in held.values())
        print(f"{mode}: {COUNT} messages in {took:.0f} s, {KILLS} kills, {RELOADS} reloads; delivered {len(arrived)} "
              f"(+{doubled[0]} doubled), in quarantine {len(held)} (+{doubled[1]} doubled), orphans entered {orphans}, "
              f"sent again {sum(retries.values())}, still queued {postfix.waiting()}, lost {len(lost)}, astray {len(astray)}")
        assert not lost and not astray, (sorted(lost)[:10], astray[:10])
        gate.stop()
    finally:
        done.set()
        postfix.stop()
        if gate.process.poll() is None:
            gate.kill()
    shutil.rmtree(base)


for mode in sys.argv[1:] or ["milter", "proxy"]:
    check(mode)
