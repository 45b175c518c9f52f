//! What bytes are, whatever their sender calls them.

use super::Kind;

/// Bytes that are looked at to tell a text's kind.
const HEAD: usize = 4096;

/// What is known of a part before its kind is.
pub(super) struct Look<'a> {
    pub(super) declared: &'a str,
    pub(super) detected: Option<&'static str>,
    pub(super) name: Option<&'a str>,
    pub(super) text: Option<&'a str>,
    pub(super) attached: bool,
    /// Within a `multipart/encrypted`.
    pub(super) encrypted: bool,
}

/// The last extension of a file name, in lower case, without the dots and spaces that Windows drops.
pub(super) fn extension(name: &str) -> Option<String> {
    let name = name.trim_end_matches(['.', ' ', '\0']);
    let (stem, extension) = name.rsplit_once('.')?;
    let plain = !extension.is_empty() && extension.len() <= 16 && !extension.contains(['/', '\\']);
    (plain && !stem.is_empty()).then(|| extension.to_lowercase())
}

/// The group of a media type: two of different groups are not the same thing under two names.
pub(super) fn group(kind: &str) -> Option<&'static str> {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    Some(match kind {
        "text/html" | "application/xhtml+xml" => "page",
        "image/svg+xml" => "svg",
        "application/pdf" => "pdf",
        "application/rtf" | "text/rtf" | "text/richtext" => "rtf",
        "message/rfc822" | "multipart/related" => "message",
        "application/x-msdownload"
        | "application/x-dosexec"
        | "application/x-ms-shortcut"
        | "application/x-executable"
        | "application/vnd.microsoft.portable-executable"
        | "application/x-mach-binary"
        | "application/java"
        | "application/java-archive"
        | "text/x-shellscript"
        | "application/javascript"
        | "text/javascript"
        | "application/hta"
        | "text/x-script"
        | "application/vnd.android.dex" => "program",
        "application/zip"
        | "application/x-zip-compressed"
        | "application/x-7z-compressed"
        | "application/vnd.rar"
        | "application/x-rar-compressed"
        | "application/gzip"
        | "application/x-gzip"
        | "application/x-tar"
        | "application/x-bzip2"
        | "application/x-xz"
        | "application/zstd"
        | "application/vnd.ms-cab-compressed"
        | "application/x-iso9660-image"
        | "application/x-virtualbox-vhd" => "archive",
        "application/msword" | "application/x-ole-storage" | "application/vnd.visio" => "office",
        _ if kind.starts_with("application/vnd.openxmlformats-officedocument")
            || kind.starts_with("application/vnd.oasis.opendocument")
            || kind.starts_with("application/vnd.ms-word")
            || kind.starts_with("application/vnd.ms-excel")
            || kind.starts_with("application/vnd.ms-powerpoint") =>
        {
            "office"
        }
        _ if kind.starts_with("image/") => "image",
        _ if kind.starts_with("audio/") || kind.starts_with("video/") => "media",
        _ if kind.starts_with("text/") => "text",
        _ => return None,
    })
}

/// The media type that a file name's extension stands for, where it is one that matters here.
pub(crate) fn declared_as(name: &str) -> Option<&'static str> {
    Some(match extension(name)?.as_str() {
        "html" | "htm" | "xhtml" | "xht" | "shtml" | "shtm" => "text/html",
        "svg" | "svgz" => "image/svg+xml",
        "pdf" => "application/pdf",
        "rtf" => "application/rtf",
        "mht" | "mhtml" => "multipart/related",
        "eml" => "message/rfc822",
        "ics" | "vcs" | "ifb" => "text/calendar",
        "docx" | "docm" | "dotx" | "dotm" => {
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        }
        "xlsx" | "xlsm" | "xltx" | "xltm" | "xlsb" | "xlam" => {
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        }
        "pptx" | "pptm" | "ppsx" | "ppsm" | "potx" | "potm" => {
            "application/vnd.openxmlformats-officedocument.presentationml.presentation"
        }
        "odt" | "ott" | "fodt" | "odm" => "application/vnd.oasis.opendocument.text",
        "ods" | "ots" | "fods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" | "otp" | "fodp" => "application/vnd.oasis.opendocument.presentation",
        "odg" | "otg" | "fodg" => "application/vnd.oasis.opendocument.graphics",
        "doc" | "dot" | "xls" | "xlt" | "xla" | "ppt" | "pps" | "pot" | "vsd" | "pub" => {
            "application/x-ole-storage"
        }
        "zip" => "application/zip",
        "7z" => "application/x-7z-compressed",
        "rar" => "application/vnd.rar",
        "gz" | "tgz" => "application/gzip",
        "bz2" | "tbz" | "tbz2" => "application/x-bzip2",
        "xz" | "txz" => "application/x-xz",
        "zst" => "application/zstd",
        "tar" => "application/x-tar",
        "cab" => "application/vnd.ms-cab-compressed",
        "iso" | "img" | "udf" => "application/x-iso9660-image",
        "vhd" | "vhdx" => "application/x-virtualbox-vhd",
        "lnk" => "application/x-ms-shortcut",
        "exe" | "dll" | "scr" | "com" | "cpl" | "msi" | "pif" => {
            "application/vnd.microsoft.portable-executable"
        }
        "js" | "jse" | "vbs" | "vbe" | "wsf" | "wsh" | "hta" | "ps1" | "bat" | "cmd" | "sh" | "jar" => {
            "text/x-script"
        }
        "p7m" | "p7s" => "application/pkcs7-mime",
        "txt" | "csv" | "log" => "text/plain",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "webp" => "image/webp",
        _ => return None,
    })
}

/// What `bytes` are, as a media type.
pub(crate) fn detected(bytes: &[u8], name: Option<&str>) -> Option<&'static str> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(packed(bytes));
    }
    // Read here rather than by `infer`, which would open the whole file system in it.
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some("application/x-ole-storage");
    }
    if bytes.starts_with(b"L\0\0\0\x01\x14\x02\0") {
        return Some("application/x-ms-shortcut");
    }
    if bytes.get(0x8001..0x8006) == Some(b"CD001") || bytes.get(0x8801..0x8806) == Some(b"CD001") {
        return Some("application/x-iso9660-image");
    }
    if bytes.starts_with(b"{\\rt") {
        return Some("application/rtf");
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    if memchr::memmem::find(&head[..head.len().min(1024)], b"%PDF-").is_some() {
        return Some("application/pdf");
    }
    if let Some(kind) = written(head) {
        return Some(kind);
    }
    if let Some(kind) = infer::get(head) {
        return Some(kind.mime_type());
    }
    // A script has no marks of its own: its name decides what runs it.
    let script = name.and_then(declared_as) == Some("text/x-script") && !head.contains(&0);
    script.then_some("text/x-script")
}

/// What a ZIP is, by the names in it.
fn packed(bytes: &[u8]) -> &'static str {
    const KINDS: [(&[u8], &str); 7] = [
        (b"vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (b"vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
        (b"vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
        (b"vnd.oasis.opendocument", "application/vnd.oasis.opendocument.graphics"),
        (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ];
    let head = &bytes[..bytes.len().min(HEAD)];
    let has = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    let office = has(b"[Content_Types].xml") || has(b"_rels/.rels");
    let (open, other) = KINDS.split_at(4);
    for (mark, kind) in open {
        if memchr::memmem::find(head, mark).is_some() {
            return kind;
        }
    }
    for (mark, kind) in other {
        if office && has(mark) {
            return kind;
        }
    }
    // The names in it are its writer's choice, and so is whether it says at its start what it is.
    if has(b"META-INF/manifest.xml") && has(b"content.xml") {
        return open[0].1;
    }
    if office && has(b".rels") {
        return other[0].1;
    }
    if has(b"META-INF/MANIFEST.MF") {
        return "application/java-archive";
    }
    "application/zip"
}

/// What a text is, by how it begins.
fn written(head: &[u8]) -> Option<&'static str> {
    let wide;
    let head = match head {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] => {
            wide = rest.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>();
            &wide
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => rest,
        _ => head,
    };
    let head = head.trim_ascii_start();
    let lower = head.to_ascii_lowercase();
    let has = |mark: &str| memchr::memmem::find(&lower, mark.as_bytes()).is_some();
    let begins = |mark: &str| lower.starts_with(mark.as_bytes());
    if begins("mime-version:") && has("multipart/related") {
        return Some("multipart/related");
    }
    if begins("begin:vcalendar") {
        return Some("text/calendar");
    }
    if begins("-----begin pgp message") {
        return Some("application/pgp-encrypted");
    }
    if begins("#!") {
        return Some("text/x-shellscript");
    }
    if begins("<?xml") || begins("<svg") || begins("<!doctype svg") || begins("<office:") || begins("<!--") {
        if has("urn:oasis:names:tc:opendocument") {
            return Some("application/vnd.oasis.opendocument.text");
        }
        if has("<svg") || has(":svg") {
            return Some("image/svg+xml");
        }
    }
    const MARKS: [&str; 13] = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<meta ",
        "<title",
        "<img ",
        "<form",
        "<style",
        "<table",
        "<a href",
    ];
    let page = begins("<") && MARKS.iter().any(|mark| begins(mark) || has(mark));
    page.then_some("text/html")
}

/// What is done with a part.
pub(super) fn kind(look: &Look<'_>) -> Kind {
    let named = look.name.and_then(declared_as).unwrap_or_default();
    let declared = look.declared;
    if look.encrypted || sealed(declared, named) {
        return Kind::Sealed;
    }
    if look.text.is_some_and(armoured) || look.detected == Some("application/pgp-encrypted") {
        return Kind::Sealed;
    }
    if !look.attached {
        // What a mail program shows, it shows by the declared type.
        match declared {
            "text/html" | "application/xhtml+xml" => return Kind::Html,
            "text/x-amp-html" => return Kind::Amp,
            "text/calendar" => return Kind::Calendar,
            "text/plain" | "text/enriched" | "text" => return Kind::Text,
            _ => {}
        }
        if look.name.is_none() && look.text.is_some() && look.detected.is_none() {
            return Kind::Text;
        }
    }
    let all = [declared, named, look.detected.unwrap_or_default()];
    let any =
        |wanted: &[&str]| all.iter().any(|kind| group(kind).is_some_and(|group| wanted.contains(&group)));
    if all.contains(&"text/calendar") {
        Kind::Calendar
    } else if any(&["page", "svg", "pdf", "rtf", "office"]) || all.contains(&"multipart/related") {
        Kind::Document
    } else if any(&["archive"]) || look.detected == Some("application/java-archive") {
        Kind::Archive
    } else if any(&["message"]) {
        Kind::Message
    } else if any(&["image"]) {
        Kind::Image
    } else if look.text.is_some() && !look.attached {
        Kind::Text
    } else {
        Kind::Other
    }
}

fn sealed(declared: &str, named: &str) -> bool {
    const TYPES: [&str; 6] = [
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-encrypted",
        "application/pgp-signature",
    ];
    TYPES.contains(&declared) || named == "application/pkcs7-mime"
}

/// Whether a text is encrypted or signed by PGP within itself: the armour begins a line.
fn armoured(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"-----BEGIN PGP ").take(16).any(|at| {
        let line = &text[at..];
        (at == 0 || text.as_bytes()[at - 1] == b'\n')
            && (line.starts_with("-----BEGIN PGP MESSAGE") || line.starts_with("-----BEGIN PGP SIGNED"))
    })
}

/// Whether what a part is differs from what its type or its name say in a way that matters.
pub(super) fn mismatch(declared: &str, name: Option<&str>, detected: Option<&str>) -> bool {
    let Some(detected) = detected else { return false };
    let Some(is) = group(detected) else { return false };
    let differs = |says: &str| {
        group(says).is_some_and(|says| {
            let same = match says {
                // Scripts and drawings are texts; a page is one that runs.
                "text" => is == "text" || is == "svg" || (is == "program" && detected.starts_with("text/")),
                // Office programs open all of these under each other's names.
                "office" => matches!(is, "office" | "rtf" | "archive" | "page"),
                "message" => is == "page",
                _ => says == is,
            };
            !same && says != is
        })
    };
    name.and_then(declared_as).is_some_and(differs) || differs(declared)
}
