use model::{Event, Facts, Kind as Value, hex};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Archive, Content, Kind, Part, look_into, sniff, words};
use crate::documents::Document;
use crate::html::Page;

/// Attachments and parts of a message that become facts of it; all are counted.
const REPEATED: usize = 1000;

/// Adds what the parts and the text say of the message as a whole; `page` is what its reader sees.
pub(crate) fn push(content: &Content<'_>, page: &Page, event: &mut Event) {
    // Attachments of messages in the message are facts of those, and child events here.
    let listed = || content.parts.iter().filter(|part| part.nested == 0 && part.listed);
    event.push_uint("mail.attachment.count", listed().count() as u64);
    for part in listed().take(REPEATED) {
        // Always there, so that the lists of names, types, hashes and sizes stay in step.
        let named = if part.name.is_some() { Value::Str } else { Value::Null };
        event.push_str_kind("mail.attachment.name", named, part.name.as_deref().unwrap_or_default());
        event.push_str("mail.attachment.type", &part.declared);
        event.push_str("mail.attachment.sha256", &hex(&Sha256::digest(&part.bytes)));
        event.push_uint("mail.attachment.size", part.bytes.len() as u64);
    }
    event.push_uint("mail.parts", content.parts.len() as u64);
    for part in content.parts.iter().take(REPEATED) {
        event.push_str("mail.part.type", &part.declared);
    }
    let nested = content.parts.iter().filter(|part| part.kind == Kind::Message).count();
    event.push_uint("mail.nested", nested as u64);
    event.push_bool("mail.sealed", content.parts.iter().any(|part| part.kind == Kind::Sealed));
    for bound in &content.bounded {
        event.push_str("mail.bounded", bound);
    }
    text(&page.text, event);
}

fn text(text: &str, event: &mut Event) {
    event.push_uint("mail.text.length", text.chars().count() as u64);
    if let Some(language) = words::language(text) {
        event.push_str("mail.language", language);
    }
    let said = words::said(text);
    event.push_uint("mail.text.urgency", said.urgency.into());
    event.push_uint("mail.text.credentials", said.credentials.into());
    event.push_bool("mail.text.password_given", said.password);
}

/// The facts of an attachment (`attachment.name`, `attachment.sha256`, …); `None` for a part that is none.
/// `document` is what was read of it, `text` the text of the message.
pub(crate) fn attachment(part: &Part<'_>, document: Option<&Document>, text: &str) -> Option<Facts> {
    if !part.listed {
        return None;
    }
    let mut event = Event::default();
    let mut traits = traits(part);
    if let Some(name) = &part.name {
        event.push_str("attachment.name", name);
    }
    if let Some(extension) = part.name.as_deref().and_then(sniff::extension) {
        event.push_str("attachment.extension", &extension);
    }
    event.push_str("attachment.type", &part.declared);
    if let Some(detected) = part.detected {
        event.push_str("attachment.detected", detected);
    }
    let mismatch = sniff::mismatch(&part.declared, part.name.as_deref(), part.detected);
    event.push_bool("attachment.mismatch", mismatch);
    event.push_uint("attachment.size", part.bytes.len() as u64);
    event.push_str("attachment.sha256", &hex(&Sha256::digest(&part.bytes)));
    event.push_str("attachment.sha1", &hex(&Sha1::digest(&part.bytes)));
    event.push_str("attachment.place", &part.place);
    event.push_uint("attachment.nested", part.nested.into());
    let archive = if part.kind == Kind::Archive { look_into(part) } else { Archive::default() };
    let none = Document::default();
    let document = document.unwrap_or(&none);
    event.push_bool("attachment.macros", document.macros);
    event.push_bool("attachment.scripts", document.scripts);
    event.push_bool("attachment.smuggling", document.traits.contains(&"smuggling"));
    let encrypted = document.encrypted || archive.encrypted;
    event.push_bool("attachment.encrypted", encrypted);
    event.push_bool("attachment.password_given", encrypted && words::said(text).password);
    let double = part.name.as_deref().is_some_and(double_extension);
    event.push_bool("attachment.double_extension", double);
    event.push_uint("attachment.loads", document.load_count.into());
    for name in &archive.names {
        event.push_str("attachment.member.name", name);
    }
    event.push_uint("attachment.member.count", archive.count);
    traits.extend(document.traits.iter().chain(&archive.traits));
    traits.sort_unstable();
    traits.dedup();
    for one in traits {
        event.push_str("attachment.trait", one);
    }
    Some(event.take_facts())
}

/// What a part's name and kind say of it.
fn traits(part: &Part<'_>) -> Vec<&'static str> {
    let mut traits = Vec::new();
    let named = part.name.as_deref().and_then(sniff::declared_as).unwrap_or_default();
    let is = |kind: &str| named == kind || part.declared == kind || part.detected == Some(kind);
    let mut add = |holds: bool, name| {
        if holds {
            traits.push(name);
        }
    };
    add(super::tree::is_tnef(&part.bytes) || part.declared.ends_with("/ms-tnef"), "tnef");
    add(is("application/x-ms-shortcut"), "shortcut");
    add(is("application/x-iso9660-image") || is("application/x-virtualbox-vhd"), "disk-image");
    add(is("text/x-script") || is("text/x-shellscript") || is("application/hta"), "script");
    let program = ["application/vnd.microsoft.portable-executable", "application/x-executable"];
    add(program.into_iter().any(is) || is("application/java-archive"), "program");
    add(part.kind == Kind::Sealed, "sealed");
    // Characters that turn the direction of writing make `gpj.exe` of `exe.jpg`.
    let turned = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    add(part.name.as_deref().is_some_and(|name| name.contains(turned)), "turned-name");
    traits
}

/// Whether a file name ends in the extension of a harmless kind and then in that of one that runs or
/// shows something else, such as `minutes.pdf.html`.
fn double_extension(name: &str) -> bool {
    const HARMLESS: [&str; 16] = [
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "txt", "csv", "jpg", "jpeg",
        "png", "gif",
    ];
    let name = name.trim_end_matches(['.', ' ', '\0']);
    let Some((stem, last)) = name.rsplit_once('.') else { return false };
    // Spaces push the last extension out of sight.
    let Some(first) = sniff::extension(stem) else { return false };
    let last = sniff::declared_as(&format!("x.{last}")).unwrap_or_default();
    let runs = matches!(sniff::group(last), Some("program" | "page" | "svg"));
    HARMLESS.contains(&first.as_str()) && (runs || last == "application/x-iso9660-image")
}
