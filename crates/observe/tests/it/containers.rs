//! Containers, nested and hostile.

use observe::{Limits, Settings};
use sha2::{Digest, Sha256};
use tar::EntryType;

use crate::pack::{
    bzip2, gzip, gzip_named, header, log, push, seven, tar, xz, zip, zip_by, zip_streamed, zstd,
};
use crate::seen::{Seen, read, read_with, settings};

type Shape<'a> = &'a [(&'a str, &'a str, usize)];

#[track_caller]
fn check(seen: &Seen, shape: Shape<'_>, problems: &[&str]) {
    assert_eq!(seen.shape(), shape, "{:?}", seen.problems());
    let told = seen.problems();
    assert_eq!(told.len(), problems.len(), "{told:?}");
    for (told, wanted) in told.iter().zip(problems) {
        assert!(told.contains(wanted), "“{told}” does not say “{wanted}”");
    }
}

fn limited(limits: Limits) -> Settings {
    Settings { limits, ..settings() }
}

#[test]
fn a_compressed_file_is_a_container_with_one_member() {
    let log = log("a");
    for (bytes, name, format, member) in [
        (gzip(&log), "a.json.gz", "gzip", "a.json.gz!a.json"),
        (bzip2(&log), "x/a.json.bz2", "bzip2", "x/a.json.bz2!a.json"),
        (zstd(&log), "a.zst", "zstd", "a.zst!a"),
        (xz(&log), "a", "xz", "a!a"),
        (gzip_named(&log, "b.log", 0), "a.gz", "gzip", "a.gz!b.log"),
    ] {
        let seen = read(&bytes, name);
        check(&seen, &[(name, format, 0), (member, "json", 1)], &[]);
        assert_eq!(seen.piece(member).sha256[..], Sha256::digest(&log)[..]);
        assert_eq!(seen.piece(name).sha256[..], Sha256::digest(&bytes)[..]);
        assert_eq!((seen.piece(name).size, seen.progress), (bytes.len() as u64, bytes.len() as u64));
    }
}

#[test]
fn streams_one_after_the_other_are_one() {
    let (a, b) = (log("a"), log("b"));
    for (pack, format) in
        [(gzip as fn(&[u8]) -> Vec<u8>, "gzip"), (bzip2, "bzip2"), (zstd, "zstd"), (xz, "xz")]
    {
        let both = [pack(&a), pack(&b)].concat();
        check(&read(&both, "x"), &[("x", format, 0), ("x!x", "json", 2)], &[]);
        let behind = [pack(&a), b"something else".to_vec()].concat();
        check(&read(&behind, "x"), &[("x", format, 0), ("x!x", "json", 1)], &["x!x: at byte"]);
    }
    let filled_up = [gzip(&a), vec![0; 1000], gzip(&b), vec![0; 100]].concat();
    check(&read(&filled_up, "x.gz"), &[("x.gz", "gzip", 0), ("x.gz!x", "json", 2)], &[]);
}

#[test]
fn archives_and_what_lies_in_them() {
    let (a, b) = (log("a"), log("b"));
    let members: &[(&str, &[u8])] = &[("logs/a.json", &a), ("b", &b)];
    for (bytes, format) in [
        (zip(members), "zip"),
        (zip_by(members, ::zip::CompressionMethod::Stored), "zip"),
        (zip_by(members, ::zip::CompressionMethod::Zstd), "zip"),
        (zip_by(members, ::zip::CompressionMethod::Bzip2), "zip"),
        (zip_streamed(members), "zip"),
        (tar(members), "tar"),
        (seven(members), "7z"),
    ] {
        let seen = read(&bytes, "x");
        check(&seen, &[("x", format, 0), ("x!logs/a.json", "json", 1), ("x!b", "json", 1)], &[]);
        assert_eq!(seen.piece("x!b").events[0].get("eventName"), Some("b"));
        assert_eq!(seen.piece("x!b").sha256[..], Sha256::digest(&b)[..]);
        assert_eq!(seen.piece("x").sha256[..], Sha256::digest(&bytes)[..]);
        assert_eq!(seen.progress, bytes.len() as u64);
    }
}

#[test]
fn containers_in_containers_of_any_kind() {
    let inner = zip(&[("a.json", &log("a"))]);
    let seven = seven(&[("in.zip", &inner), ("b.json", &log("b"))]);
    let outer = zip(&[("t.tgz", &gzip(&tar(&[("in.7z", &seven), ("c.json.xz", &xz(&log("c")))])))]);
    let expected: Shape<'_> = &[
        ("o.zip", "zip", 0),
        ("o.zip!t.tgz", "gzip", 0),
        ("o.zip!t.tgz!t.tar", "tar", 0),
        ("o.zip!t.tgz!t.tar!in.7z", "7z", 0),
        ("o.zip!t.tgz!t.tar!in.7z!in.zip", "zip", 0),
        ("o.zip!t.tgz!t.tar!in.7z!in.zip!a.json", "json", 1),
        ("o.zip!t.tgz!t.tar!in.7z!b.json", "json", 1),
        ("o.zip!t.tgz!t.tar!c.json.xz", "xz", 0),
        ("o.zip!t.tgz!t.tar!c.json.xz!c.json", "json", 1),
    ];
    check(&read(&outer, "o.zip"), expected, &[]);
    let seen = read_with(&outer, "o.zip", &limited(Limits { depth: 2, ..Limits::default() }));
    check(&seen, &expected[..3], &["o.zip!t.tgz!t.tar: as a whole lies in 2 containers already"]);
}

/// The dictionaries of LZMA are as large as an archive says: these are read within bounds of memory.
#[test]
fn zip_members_by_lzma() {
    let (a, b) = (log("a"), log("b"));
    let members: &[(&str, &[u8])] = &[("a", &a), ("b", &b)];
    // Made with another program.
    let mut lzma = unhex(LZMA_ZIP);
    for (bytes, what) in [(&zip_by(members, ::zip::CompressionMethod::Xz), "xz"), (&lzma, "lzma")] {
        let seen = read(bytes, "x");
        check(&seen, &[("x", "zip", 0), ("x!a", "json", 1), ("x!b", "json", 1)], &[]);
        assert_eq!(seen.piece("x!b").events[0].get("eventName"), Some("b"), "{what}");
        let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        assert_eq!(read(&bytes[..directory], "x").shape(), seen.shape(), "{what} without its directory");
    }
    // A dictionary of nearly 4 GiB.
    let properties = lzma.windows(4).position(|four| four[1..] == [4, 5, 0]).unwrap() + 4;
    lzma[properties + 1..properties + 5].fill(0xF0);
    check(&read(&lzma, "x"), &[("x", "zip", 0), ("x!b", "json", 1)], &["member “a” cannot be read"]);
}

const LZMA_ZIP: &str = "504b03043f0002000e008049185364504b1e26000000120000000100000061090405005d00008000003d8888a7a394af8dcf41d48302c1e8b3cac692cd86f22ffffe7e4000504b03043f0002000e00804918538afffe0c26000000120000000100000062090405005d00008000003d8888a7a394af8dcf41d48302c1e8b3e1456f0c86f22ffffe7e4000504b01023f033f0002000e008049185364504b1e260000001200000001000000000000000000000080010000000061504b01023f033f0002000e00804918538afffe0c260000001200000001000000000000000000000080014500000062504b050600000000020002005e0000008a0000000000";

/// Members that all claim the same bytes would have these read again and again.
#[test]
fn zip_members_that_overlap_end_at_the_bounds() {
    let noise: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut bytes = zip_by(&[("a", &noise)], ::zip::CompressionMethod::Stored);
    let directory = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    let entry = bytes[directory..directory + 47].to_vec();
    let mut end = bytes.split_off(directory + 47);
    bytes.extend(entry.repeat(999));
    end[8..10].copy_from_slice(&1000_u16.to_le_bytes());
    end[10..12].copy_from_slice(&1000_u16.to_le_bytes());
    end[12..16].copy_from_slice(&(47_000_u32).to_le_bytes());
    bytes.extend(end);
    let few = limited(Limits { members: 1000, ..Limits::default() });
    let seen = read_with(&bytes, "x", &few);
    assert!(seen.problems().iter().any(|told| told.contains("overlap")), "{:?}", seen.problems());
    let total: u64 = seen.pieces.iter().map(|piece| piece.size).sum();
    assert!(total < 20 << 20, "{total}");
}

/// What is larger than the part that stays in memory goes through a file without a name.
#[test]
fn a_large_archive_in_an_archive_is_spooled() {
    let mut noise = 1_u32;
    let mut bytes = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_le_bytes()
    };
    let large: Vec<u8> = std::iter::repeat_with(&mut bytes).take(3 << 20).flatten().collect();
    let inner = zip(&[("large", &large), ("a", &log("a"))]);
    let seen = read(&tar(&[("in.zip", &inner)]), "x");
    assert_eq!(seen.piece("x!in.zip!large").size, large.len() as u64);
    assert_eq!(seen.piece("x!in.zip!a").events.len(), 1);
    let nowhere = Settings { tmp: "/no/such/folder".into(), ..settings() };
    let seen = read_with(&tar(&[("in.zip", &inner), ("b", &log("b"))]), "x", &nowhere);
    check(&seen, &[("x", "tar", 0), ("x!in.zip", "zip", 0), ("x!b", "json", 1)], &["could not be spooled"]);
}

#[test]
fn a_name_is_only_a_name() {
    let (a, b) = (log("a"), log("b"));
    let names: &[(&str, &[u8])] = &[("../../etc/passwd", &a), ("/abs\u{1b}[2J\u{202e}", &b)];
    let seen = read(&zip(names), "x");
    check(
        &seen,
        &[("x", "zip", 0), ("x!../../etc/passwd", "json", 1), (r"x!/abs\u{1b}[2J\u{202e}", "json", 1)],
        &[],
    );
    let mut twice = zip(&[("same1", &a), ("same2", &b)]);
    for at in 0..twice.len() - 5 {
        if &twice[at..at + 5] == b"same2" {
            twice[at + 4] = b'1';
        }
    }
    check(&read(&twice, "x"), &[("x", "zip", 0), ("x!same1", "json", 1), ("x!same1", "json", 1)], &[]);
}

/// The year of a syslog line comes from the date of its file.
#[test]
fn members_have_dates_of_their_own() {
    let line = b"Mar  1 10:00:00 nas sshd[1]: Accepted password for a from 10.0.0.5 port 1 ssh2\n";
    let settings = Settings { year: None, ..settings() };
    for bytes in [
        tar(&[("messages", line)]),
        zip(&[("messages", line)]),
        gzip_named(line, "messages", 1_629_796_320),
        gzip_named(&tar(&[("messages", line)]), "m.tar", 1),
    ] {
        let seen = read_with(&bytes, "x", &settings);
        let piece = seen.pieces.last().unwrap();
        assert_eq!(piece.events[0].time.unwrap().to_string(), "2021-03-01T10:00:00Z", "{:?}", piece.assumed);
    }
}

#[test]
fn what_is_encrypted_is_named() {
    // Made with another program: one member `log/secret.txt`, encrypted, without and with its name.
    let content = "377abcaf271c00041968be938c0000000000000014000000000000005b80faa2cd51032ef7c39a3e7c4b1de25e0afc8fe0007600745d0000813307ae0fcef372498e7746fdb2c3a5b4f9476b4b783923a7ab682ae5d45f8819c9171ed41e462d5e8834050251adc448c2825640f767a4700554eaaf5d613bc692011780a62c8bca37ee8ae965b51b097085c54f2eecff0f4c9390a7aedf00821ba785a6897662ef7766b8e79ce97e0000000017061001097c00070b010001212101180c770000";
    let names = "377abcaf271c00045cecfabc9000000000000000290000000000000070483197fd6faa9f5c1ee8a1a884f223d633b2c927be551bbf7a60a6a49cfebe341f376ee5bd637126a02392b16f787b92b75a7b26b6a5ae877200fa36c56e98c9e14b072d4125a2648b7d5330007b3b56305773dc2df715d68fc95a6f6e0f97bfeb41b65de455d3c9883ec9d37870a936fe3d7f15c7c82248c3a5a5119cf4a76cc4cfea089e06c32f3a831254c88c821037989f1706100109808000070b0100012406f1070112530fa177e3efca008dd9807da0a8650669840c770000";
    check(&read(&unhex(content), "x"), &[("x", "7z", 0)], &["member “log/secret.txt” is encrypted"]);
    check(&read(&unhex(names), "x"), &[("x", "7z", 0)], &["its list of members is encrypted"]);
    let (a, b) = (log("a"), log("b"));
    let mut bytes = zip(&[("a", &a), ("b", &b)]);
    encrypt_first(&mut bytes);
    check(&read(&bytes, "x"), &[("x", "zip", 0), ("x!b", "json", 1)], &["member “a” is encrypted"]);
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// Sets the flag of encryption on the first member of a zip archive.
fn encrypt_first(bytes: &mut [u8]) {
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
}

#[test]
fn a_zip_without_its_directory_is_read_by_its_members() {
    let (a, b) = (log("a"), log("b"));
    let members: &[(&str, &[u8])] = &[("a", &a), ("dir/b", &b)];
    let expected: Shape<'_> = &[("x", "zip", 0), ("x!a", "json", 1), ("x!dir/b", "json", 1)];
    for whole in [
        zip(members),
        zip_by(members, ::zip::CompressionMethod::Stored),
        zip_by(members, ::zip::CompressionMethod::Bzip2),
        zip_by(members, ::zip::CompressionMethod::Zstd),
        zip_streamed(members),
    ] {
        let directory = whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        check(&read(&whole[..directory], "x"), expected, &["no directory of members"]);
        let mut damaged = whole.clone();
        damaged[directory] = 0;
        let seen = read(&damaged, "x");
        assert_eq!(seen.shape(), expected, "{:?}", seen.problems());
        let second = whole.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
        let mut damaged = whole.clone();
        damaged[second] = 0;
        check(&read(&damaged, "x"), expected, &["the directory of members is damaged"]);
    }
    let mut encrypted = zip(members);
    encrypt_first(&mut encrypted);
    encrypted.truncate(encrypted.windows(4).position(|four| four == b"PK\x01\x02").unwrap());
    let seen = read(&encrypted, "x");
    check(&seen, &[("x", "zip", 0), ("x!dir/b", "json", 1)], &["no directory", "member “a” is encrypted"]);
}

#[test]
fn a_damaged_member_does_not_cost_the_next() {
    let long = log("a").repeat(3000);
    let b = log("b");
    let members: &[(&str, &[u8])] = &[("a", &long), ("b", &b)];
    let mut bytes = zip(members);
    bytes[60] ^= 0x55;
    let seen = read(&bytes, "x");
    assert_eq!(seen.piece("x!b").events.len(), 1);
    assert_eq!(seen.piece("x!a").problems.len(), 1, "{:?}", seen.problems());
    let mut bytes = seven(members);
    bytes[60] ^= 0x55;
    let seen = read(&bytes, "x");
    assert_eq!(seen.piece("x!b").events.len(), 1);
    assert_ne!(seen.problems(), Vec::<String>::new());
    let mut bytes = tar(members);
    let second = bytes.len() - 1024 - 1024;
    bytes[second] ^= 1;
    push(&mut bytes, &header("c", b.len(), EntryType::Regular), &b);
    let seen = read(&bytes, "x");
    check(
        &seen,
        &[("x", "tar", 0), ("x!a", "json", 3000), ("x!c", "json", 1)],
        &["not the header of a member"],
    );
}

#[test]
fn tar_members_of_every_kind() {
    let a = log("a");
    let long = "d/".repeat(90) + "a.json";
    let mut archive = Vec::new();
    push(&mut archive, &header("d/", 0, EntryType::Directory), b"");
    push(
        &mut archive,
        &header("././@LongLink", long.len() + 1, EntryType::GNULongName),
        format!("{long}\0").as_bytes(),
    );
    push(&mut archive, &header("d/d/d", a.len(), EntryType::Regular), &a);
    let record = pax("path", "päx.json") + &pax("mtime", "1629796320.5") + &pax("size", &a.len().to_string());
    push(&mut archive, &header("pax", record.len(), EntryType::XHeader), record.as_bytes());
    push(&mut archive, &header("cut", 0, EntryType::Regular), &a);
    push(&mut archive, &header("link", 0, EntryType::Symlink), b"");
    push(&mut archive, &header("null", 0, EntryType::Char), b"");
    push(&mut archive, &header("holes", a.len(), EntryType::GNUSparse), &a);
    push(&mut archive, &header("contiguous", a.len(), EntryType::Continuous), &a);
    archive.extend([0; 1024]);
    push(&mut archive, &header("behind the end", a.len(), EntryType::Regular), &a);
    let seen = read(&archive, "x");
    let long = format!("x!{long}");
    check(
        &seen,
        &[
            ("x", "tar", 0),
            (&long, "json", 1),
            ("x!päx.json", "json", 1),
            ("x!contiguous", "json", 1),
            ("x!behind the end", "json", 1),
        ],
        &["“link” is a link", "“null” is a device", "“holes” is stored with holes"],
    );
}

/// One record of an extended header.
fn pax(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let size = (1..).find(|size| *size == rest.len() + size.to_string().len()).unwrap();
    format!("{size}{rest}")
}

#[test]
fn the_old_tar_without_a_magic_is_known_by_its_checksum() {
    let a = log("a");
    let mut old = tar::Header::new_old();
    old.set_path("a").unwrap();
    old.set_size(a.len() as u64);
    old.set_cksum();
    let mut archive = Vec::new();
    push(&mut archive, &old, &a);
    check(&read(&archive, "x"), &[("x", "tar", 0), ("x!a", "json", 1)], &[]);
    archive[3] = b'b';
    assert_ne!(read(&archive, "x").shape()[0].1, "tar");
}

#[test]
fn a_tar_member_may_claim_any_size() {
    let a = log("a");
    for size in [1 << 20, 1 << 62, u64::MAX] {
        for kind in [EntryType::Regular, EntryType::GNULongName, EntryType::XHeader] {
            let mut huge = header("a", 0, kind);
            huge.set_size(size);
            huge.set_cksum();
            let mut archive = Vec::new();
            push(&mut archive, &huge, &a);
            let seen = read(&archive, "x");
            assert!(seen.pieces.len() <= 2, "{:?}", seen.shape());
            if kind == EntryType::Regular {
                assert_eq!(seen.events(), 1);
                let told = seen.problems();
                assert!(told.iter().any(|told| told.contains("before this member does")), "{told:?}");
            }
        }
    }
}

#[test]
fn a_bomb_ends_at_the_bounds() {
    let zeros = vec![0; 20 << 20];
    let tight = limited(Limits { ratio: 20, ..Limits::default() });
    for bytes in [
        gzip(&zeros),
        zstd(&zeros),
        bzip2(&zeros),
        xz(&zeros),
        zip(&[("z", &zeros)]),
        seven(&[("z", &zeros)]),
    ] {
        let seen = read_with(&bytes, "x", &tight);
        assert_eq!(seen.pieces.len(), 2);
        assert!(seen.pieces[1].size < 18 << 20, "{}", seen.pieces[1].size);
        assert!(seen.pieces[1].problems[0].what.contains("unpacks to more than"), "{:?}", seen.problems());
    }
    let half = gzip(&zeros[..8 << 20]);
    let small = limited(Limits { unpacked: 10 << 20, ..Limits::default() });
    let seen = read_with(&tar(&[("a", &half), ("b", &half), ("c", &log("c"))]), "x", &small);
    let told = seen.problems();
    assert!(told.iter().any(|told| told.contains("the members from here on were left out")), "{told:?}");
    assert!(seen.pieces.iter().map(|piece| piece.size).sum::<u64>() < 11 << 20);
}

/// Archives in archives, sixteen in each, with a file of zeros at the bottom.
#[test]
fn a_bomb_of_nested_archives_ends_soon() {
    let mut bytes = zip(&[("0", &vec![0; 1 << 20])]);
    for _ in 0..6 {
        let names: Vec<String> = (0..16).map(|n| n.to_string()).collect();
        let members: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), bytes.as_slice())).collect();
        bytes = zip(&members);
    }
    let seen = read(&bytes, "42.zip");
    let total: u64 = seen.pieces.iter().map(|piece| piece.size).sum();
    assert!(total < (16 << 20) + 502 * bytes.len() as u64, "{total} of {}", bytes.len());
    assert!(seen.problems().iter().any(|told| told.contains("unpack")), "{:?}", seen.problems());
}

#[test]
fn members_are_counted_over_all_archives_in_a_file() {
    let a = log("a");
    let inner = tar(&[("1", &a), ("2", &a), ("3", &a)]);
    let few = limited(Limits { members: 5, ..Limits::default() });
    let seen = read_with(&zip(&[("i", &inner), ("j", &inner), ("k", &inner)]), "x", &few);
    assert_eq!(seen.pieces.len(), 6);
    assert!(seen.problems().iter().any(|told| told.contains("more than 5 members")), "{:?}", seen.problems());
}
