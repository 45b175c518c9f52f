//! Containers, built for the tests.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

/// A log with one record that says `word`.
pub(crate) fn log(word: &str) -> Vec<u8> {
    format!("{{\"eventName\":\"{word}\"}}\n").into_bytes()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn gzip_named(bytes: &[u8], name: &str, seconds: u32) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().filename(name).mtime(seconds);
    let mut writer = builder.write(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = 1 << 16;
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_by(members, zip::CompressionMethod::Deflated)
}

pub(crate) fn zip_by(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let modified = zip::DateTime::from_date_and_time(2021, 8, 24, 9, 12, 0).unwrap();
    let options = SimpleFileOptions::default().compression_method(method).last_modified_time(modified);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// As a program writes it that cannot go back: sizes stand behind the data.
pub(crate) fn zip_streamed(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn seven(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in members {
        writer.push_archive_entry(sevenz_rust2::ArchiveEntry::new_file(name), Some(*bytes)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn header(name: &str, size: usize, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size as u64);
    header.set_mode(0o644);
    // 24 August 2021, 09:12 UTC.
    header.set_mtime(1_629_796_320);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in members {
        push(&mut archive, &header(name, bytes.len(), tar::EntryType::Regular), bytes);
    }
    archive.extend([0; 1024]);
    archive
}

/// Adds a member with padding to an archive that is not finished.
pub(crate) fn push(archive: &mut Vec<u8>, header: &tar::Header, bytes: &[u8]) {
    archive.extend(header.as_bytes());
    archive.extend(bytes);
    archive.resize(archive.len().next_multiple_of(512), 0);
}
