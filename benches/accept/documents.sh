#!/usr/bin/env bash
# LibreOffice as judge of attached documents: what asks for something when it is opened is a beacon in the
# facts, and after neutralising nothing does.
#
# The documents are written here (documents/author.py), each naming a host of its own, and opened in a
# network that is nothing but a counting proxy (documents/wall.py). Takes about three minutes.
source "$(dirname "$0")/lib.sh"
export PYTHONDONTWRITEBYTECODE=1
here=benches/accept/documents
command -v soffice >/dev/null || { echo "left out: no LibreOffice (soffice)"; exit 0; }
wall=(unshare --map-root-user --mount --net python3 $here/wall.py)
"${wall[@]}" "$work/try" true 2>/dev/null || { echo "left out: no network of its own can be made (unshare)"; exit 0; }
python3 $here/author.py "$work/raw"
mkdir "$work/safe"
for message in "$work"/raw/*.eml; do
    "$PORTCULLIS" mail neutralise "$message" --output "$work/safe/${message##*/}" 2>/dev/null
done
"$PORTCULLIS" mail inspect --format json "$work"/raw/*.eml >"$work/facts.jsonl" || [ $? = 1 ]
for side in raw safe; do
    python3 $here/attachments.py "$work/$side" "$work/$side/files"
    mkdir -p "$work/profile-$side/user"
    cp $here/settings.xcu "$work/profile-$side/user/registrymodifications.xcu"
    # What is still on its way when the last document is written is given time by opening all twice.
    for turn in 1 2; do
        "${wall[@]}" "$work/$side/hosts" timeout 1200 soffice "-env:UserInstallation=file://$work/profile-$side" \
            --headless --convert-to pdf --outdir "$work/$side/pdf" "$work/$side"/files/* >"$work/$side/talk" 2>&1 ||
            { tail -n 5 "$work/$side/talk"; echo "LibreOffice failed on turn $turn of $side"; exit 1; }
    done
    echo "$side: $(ls "$work/$side/files" | wc -l) attachments opened, $(ls "$work/$side/pdf" | wc -l) drawn"
done
python3 $here/verdict.py "$work" "$(soffice --version)"
