//! Hashes of relaxed bodies where the library computes others than RFC 6376 asks for.

use mail_auth::AuthenticatedMessage;
use mail_auth::common::crypto::HashAlgorithm;
use mail_auth::dkim::Canonicalization;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use crate::auth::arc::fields::{self, Form};

/// Puts right what `mail-auth` takes a relaxed body for. Section 3.4.4 takes blanks off the ends of lines before it
/// ignores the empty lines at the end of a body; the library keeps lines of blanks there, so that signatures that
/// hold would be called broken. Signatures over the first part of a body alone (`l=`) are refused before: whoever
/// hands such a message on can write what they like below it.
pub(super) fn correct(message: &mut AuthenticatedMessage<'_>) {
    let body = message.raw_message.get(message.body_offset as usize..).unwrap_or_default();
    let end = &body[body.trim_ascii_end().len()..];
    if !end.iter().any(|byte| matches!(byte, b' ' | b'\t')) {
        return;
    }
    let mut canonical = None;
    for (form, algorithm, length, hash) in &mut message.body_hashes {
        if *form != Canonicalization::Relaxed || *length != 0 {
            continue;
        }
        let whole: &Vec<u8> = canonical.get_or_insert_with(|| fields::body(body, Form::Relaxed));
        let algorithm = match algorithm {
            HashAlgorithm::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            HashAlgorithm::Sha256 => &SHA256,
        };
        *hash = digest(algorithm, whole).as_ref().to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(body: &str) -> Vec<u8> {
        let raw = format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; bh=AA==; b=AA==\r\n\
             From: a@a.example\r\n\r\n{body}"
        );
        let mut message = AuthenticatedMessage::parse(raw.as_bytes()).unwrap();
        correct(&mut message);
        message.body_hashes[0].3.clone()
    }

    #[test]
    fn blanks_at_the_end_of_a_body_make_no_difference() {
        let plain = hash("a b\r\n");
        for body in ["a b\r\n \r\n", "a  b\t\r\n \r\n\t \r\n\r\n", "a b\r\n\r\n\t", "a b ", "a b\r\n\r\n"] {
            assert_eq!(hash(body), plain, "{body:?}");
        }
        assert_ne!(hash("a b\r\n \r\nc\r\n"), plain);
        assert_eq!(hash(" \r\n\t\r\n"), hash(""));
    }

    #[test]
    fn a_signature_over_a_part_of_the_body_is_refused() {
        let raw = "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; l=5; bh=AA==; b=AA==\r\n\
            From: a@a.example\r\n\r\na b\r\nmore\r\n";
        assert!(AuthenticatedMessage::parse(raw.as_bytes()).unwrap().body_hashes.is_empty());
    }
}
