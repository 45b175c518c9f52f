"""Makes mailboxes of loose messages, and holds what was read of mailboxes to what other programs read.

judge.py make MESSAGES WORK   writes WORK/read/… and WORK/made.json
judge.py check WORK           compares WORK/write/index.jsonl with other readers
"""

import collections
import email
import email.policy
import email.utils
import hashlib
import json
import mailbox
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

OWNER = "ann@parl.example"
SEPARATOR = b"From ann@parl.example Tue Aug 24 09:12:00 2021"


def digest(message):
    """Of a message without the line ends at its end, since mailboxes add some."""
    return hashlib.sha256(message.rstrip(b"\r\n")).hexdigest()


def loose(folder):
    """The messages of a folder, without the separator lines that they begin with."""
    for path in sorted(pathlib.Path(folder).rglob("*.txt")):
        message = path.read_bytes()
        if message.startswith(b"From "):
            message = message.split(b"\n", 1)[1]
        yield message


def mark_all(message):
    return re.sub(rb"(?m)^(>*From )", rb">\1", message)


def unmark(message):
    return re.sub(rb"(?m)^>(>*From )", rb"\1", message)


def write_mbox(path, messages, change, counted=False, end=b"\n"):
    """Writes messages, and returns what is to be read of them again."""
    again = []
    with open(path, "wb") as out:
        for message in messages:
            head, gap, body = (message.rstrip(b"\n") + b"\n").partition(b"\n\n")
            marked = change(body)
            if counted:
                head += b"\nContent-Length: %d" % len(marked.replace(b"\n", end))
            if marked == body and not re.search(rb"(?m)^From ", body):
                # Nothing tells that these marks are the message's own.
                body = unmark(body)
            out.write((SEPARATOR + b"\n" + head + gap + marked + b"\n").replace(b"\n", end))
            again.append((head + gap + body).replace(b"\n", end))
    return again


def without_lengths(message):
    """Without a Content-Length of its own, which would be believed."""
    head, gap, body = message.partition(b"\n\n")
    return re.sub(rb"(?mi)^content-length:.*\n?", b"", head + b"\n").rstrip(b"\n") + gap + body


def make(source, work):
    read = pathlib.Path(work) / "read"
    # Line ends as on Unix, so that what is read again can be compared byte by byte.
    messages = [without_lengths(message.replace(b"\r\n", b"\n")) for message in loose(source)]
    assert messages, f"no message in {source}"
    made = {}

    box = mailbox.mbox(read / f"{OWNER}.mbox")
    for message in messages:
        box.add(message)
    box.close()
    # Python marks lines in the way of mboxo, which cannot be undone for lines that bore a mark.
    made[f"{OWNER}.mbox"] = [[digest(unmark(message)), OWNER, None] for message in messages]

    for name, change, counted, end in [
        ("rd.mbox", mark_all, False, b"\n"),
        ("cl.mbox", mark_all, True, b"\n"),
        ("cl2.mbox", lambda message: message, True, b"\n"),
        ("crlf.mbox", mark_all, False, b"\r\n"),
    ]:
        again = write_mbox(read / name, messages, change, counted, end)
        made[name] = [[digest(message), None, None] for message in again]

    (read / OWNER).mkdir()
    maildir = mailbox.Maildir(read / OWNER / "Maildir")
    sent = maildir.add_folder("Sent")
    wanted = []
    for number, message in enumerate(messages):
        folder, name = (sent, "Sent") if number % 10 == 0 else (maildir, "INBOX")
        folder.add(message)
        wanted.append([digest(message), OWNER, name])
    made["maildir"] = wanted

    write_mbox(read / "all.mbox", messages[:200], mark_all)
    labelled = (read / "all.mbox").read_bytes().replace(
        SEPARATOR + b"\n", SEPARATOR + b"\nX-GM-THRID: 17\nX-Gmail-Labels: Inbox,Opened\n"
    )
    (read / "all.mbox").unlink()
    with zipfile.ZipFile(read / "takeout-20210824T091200Z-001.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Takeout/archive_browser.html", "<html>one product</html>")
        archive.writestr("Takeout/Mail/All mail Including Spam and Trash.mbox", labelled)
    label = b"X-GM-THRID: 17\nX-Gmail-Labels: Inbox,Opened\n"
    made["takeout"] = [[digest(label + message), None, "Inbox,Opened"] for message in messages[:200]]

    with zipfile.ZipFile(read / "PSTs.001.Export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Summary.csv", "Name,Value\nItems,200\n")
        for number, message in enumerate(messages[:200]):
            archive.writestr(f"Exchange/{OWNER}/Top of Information Store/Inbox/Projects/{number}.eml", message)
    made["purview"] = [[digest(message), OWNER, "Inbox/Projects"] for message in messages[:200]]
    (pathlib.Path(work) / "made.json").write_text(json.dumps(made))


def group(path):
    """Under which name a path was made."""
    if path.startswith(f"{OWNER}/"):
        return "maildir"
    if path.startswith("takeout-"):
        return "takeout"
    return "purview" if path.startswith("PSTs.") else path


def check_made(work, index, said):
    made = json.loads((work / "made.json").read_text())
    found = collections.defaultdict(list)
    for line in index:
        if "sha256" in line and not line["path"].startswith("outlook/"):
            found[group(line["path"])].append((line["sha256"], line["mailbox"], line["folder"]))
    for name, wanted in made.items():
        wanted = collections.Counter(tuple(one) for one in wanted)
        ours = collections.Counter(found[name])
        differ = wanted - ours
        assert wanted == ours, f"{name}: {len(found[name])} read, {sum(differ.values())} of {sum(wanted.values())} differ: {list(differ)[:2]} {list(ours - wanted)[:2]}"
    read = work / "read"
    counts = {}
    for name in [f"{OWNER}.mbox", "rd.mbox", "cl.mbox", "crlf.mbox"]:
        counts[name] = len(mailbox.mbox(read / name))
        assert counts[name] == len(found[name]), f"{name}: {counts[name]} by Python, {len(found[name])} here"
    maildir = mailbox.Maildir(read / OWNER / "Maildir")
    count = len(maildir) + len(maildir.get_folder("Sent"))
    assert count == len(found["maildir"]), f"Maildir: {count} by Python, {len(found['maildir'])} here"
    said.append(f"{count} messages as Python counts them in mbox (4 variants) and Maildir, each byte by byte")
    said.append(f"{len(found['takeout'])} of a Takeout and {len(found['purview'])} of a Purview export by owner and folder")


def addresses(message, *names):
    fields = [str(field) for name in names for field in message.get_all(name, [])]
    return sorted(address.lower() for _, address in email.utils.getaddresses(fields) if "@" in address)


def plain(text):
    return " ".join((text or "").replace("\0", "").split())


def check_msg(work, index, said):
    try:
        import extract_msg
    except ImportError:
        print("left out: extract-msg is not installed (cargo xtask setup)")
        return
    judged = attached = 0
    for line in index:
        if not line.get("file") or not line["path"].endswith(".msg"):
            continue
        name = line["path"]
        ours = email.message_from_bytes((work / "write" / line["file"]).read_bytes(), policy=email.policy.default)
        try:
            # A writer may leave out the table of named properties, of which neither reader needs any.
            lax = extract_msg.enums.ErrorBehavior.STANDARDS_VIOLATION
            theirs = extract_msg.openMsg(work / "read" / name, errorBehavior=lax)
        except extract_msg.exceptions.InvalidFileFormatError as error:
            print(f"left out: {name}, which extract-msg refuses: {error}")
            continue
        with theirs:
            attached += compare(name, ours, theirs)
        judged += 1
    said.append(f"{judged} MSG with {attached} attachments as extract-msg reads them")


def compare(name, ours, theirs):
    """Holds a message that was read here to the same one as extract-msg reads it; its attachments."""
    assert plain(ours["subject"]) == plain(theirs.subject), (name, ours["subject"], theirs.subject)
    sender = addresses(ours, "from")
    # It looks at fewer properties for the sender of what was not sent yet.
    assert not theirs.sender or all(one in theirs.sender.lower() for one in sender), (name, sender, theirs.sender)
    wanted = {one.email.lower() for one in theirs.recipients if one.email and "@" in one.email}
    found = set(addresses(ours, "to", "cc", "bcc"))
    assert wanted <= found, (name, wanted - found)
    parts = [part for part in ours.walk() if part.get_filename()]
    data = {hashlib.sha256(part.get_payload(decode=True) or b"").hexdigest() for part in parts}
    names = {part.get_filename() for part in parts}
    attached = [attachment for attachment in theirs.attachments if isinstance(attachment.data, bytes)]
    for attachment in attached:
        called = attachment.longFilename or attachment.shortFilename
        assert hashlib.sha256(attachment.data).hexdigest() in data, (name, called)
        assert called is None or called.rstrip("\0") in names, (name, called, names)
    body = ours.get_body(("plain",))
    if theirs.body and body is not None:
        assert plain(body.get_content()) == plain(theirs.body), name
    return len(attached)


def counted(lines):
    return collections.Counter(line["folder"] for line in lines)


def check_stores(work, index, said):
    stores = sorted(path for path in (work / "read" / "outlook").iterdir() if path.suffix in (".pst", ".ost"))
    for tool, package in [("readpst", "pst-utils"), ("pffexport", "pff-tools")]:
        if not shutil.which(tool):
            print(f"left out: {tool} is not installed (Debian's package {package})")
    for store in stores:
        lines = [line for line in index if line["path"] == f"outlook/{store.name}"]
        problems = [line["problem"] for line in lines if "problem" in line]
        assert not problems, (store.name, problems)
        lines = [line for line in lines if "sha256" in line]
        judges = []
        if shutil.which("readpst") and store.suffix == ".pst":
            out = work / f"readpst-{store.name}"
            out.mkdir()
            subprocess.run(["readpst", "-q", "-e", "-t", "e", "-o", out, store], check=True, capture_output=True)
            theirs = sum(1 for path in out.rglob("*.eml"))
            assert theirs == len(lines), f"{store.name}: {theirs} by readpst, {len(lines)} here"
            judges.append("readpst")
        if shutil.which("pffexport"):
            subprocess.run(["pffexport", "-q", "-m", "items", "-t", work / f"pff-{store.name}", store],
                           check=True, capture_output=True)
            out = work / f"pff-{store.name}.export"
            theirs = collections.Counter()
            for path in out.rglob("*"):
                # Items of a folder; what is attached to one lies deeper.
                is_mail = path.is_dir() and re.fullmatch(r"(Message|Meeting)\d{5}", path.name)
                if is_mail and not any(re.fullmatch(r"Attachments", part) for part in path.parts):
                    folder = "/".join(path.parent.relative_to(out).parts)
                    theirs[re.sub(r"^(Root - Mailbox/IPM_SUBTREE|Top of [^/]*)/", "", folder)] += 1
            assert theirs == counted(lines), f"{store.name}: {theirs} by pffexport, {counted(lines)} here"
            judges.append("pffexport")
        if judges:
            said.append(f"{len(lines)} messages of {store.name} as {' and '.join(judges)}")


def check(work):
    work = pathlib.Path(work)
    index = [json.loads(line) for line in (work / "write" / "index.jsonl").read_text().splitlines()]
    said = []
    if (work / "made.json").exists():
        check_made(work, index, said)
    check_msg(work, index, said)
    check_stores(work, index, said)
    print("; ".join(said))


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
