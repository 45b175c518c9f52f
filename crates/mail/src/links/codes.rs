use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{ImageFormat, ImageReader, Limits};

use super::bare;
use crate::html::Anchor;

/// Bytes of a picture that is looked at.
const LARGEST: usize = 4 << 20;
/// Width and height of a picture that is looked at.
const WIDEST: u32 = 4096;
/// No code of an address fits into less.
const SMALLEST: u32 = 21;
/// Pixels of all pictures of one message that are looked at. A code to be read from a screen is small; a
/// photograph is not worth the time.
pub const PIXELS: u64 = 4 << 20;
/// Width and height to which a picture is brought down before a code is looked for.
const LOOKED_AT: u32 = 800;
/// Memory of a decoder.
const MEMORY: u64 = 64 << 20;
/// Codes of one picture.
const MOST: usize = 16;

/// Addresses in codes (QR) of a picture. `pixels` is what is left of [`PIXELS`] for its message, and becomes
/// less by what was looked at.
///
/// PNG, JPEG, GIF, BMP and WebP; of what moves, the first frame.
pub fn codes(picture: &[u8], part: u32, pixels: &mut u64) -> Vec<Anchor> {
    if picture.len() > LARGEST {
        return Vec::new();
    }
    let Some((width, height)) = dimensions(picture) else { return Vec::new() };
    let count = u64::from(width) * u64::from(height);
    let long = width.max(height);
    // What is ten times as long as wide is a line or a banner.
    if width.min(height) < SMALLEST || long > WIDEST || long / width.min(height) >= 10 || count > *pixels {
        return Vec::new();
    }
    *pixels -= count;
    // The readers are of others, and their input is an intruder's: their panic is none of ours.
    let texts = catch_unwind(AssertUnwindSafe(|| texts(picture))).ok().flatten().unwrap_or_default();
    texts.iter().flat_map(|text| anchors(text, part)).collect()
}

fn reader(picture: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    let format = image::guess_format(picture).ok()?;
    let known = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP];
    if !known.contains(&format) {
        return None;
    }
    let mut reader = ImageReader::with_format(Cursor::new(picture), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(WIDEST);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    Some(reader)
}

fn dimensions(picture: &[u8]) -> Option<(u32, u32)> {
    catch_unwind(AssertUnwindSafe(|| reader(picture)?.into_dimensions().ok())).ok().flatten()
}

fn texts(picture: &[u8]) -> Option<Vec<String>> {
    let decoded = reader(picture)?.decode().ok()?;
    // What is see-through is shown on white.
    let mut grey = if decoded.color().has_alpha() {
        let rgba = decoded.to_rgba8();
        image::GrayImage::from_fn(rgba.width(), rgba.height(), |x, y| {
            let [red, green, blue, alpha] = rgba.get_pixel(x, y).0.map(u32::from);
            let light = (red * 299 + green * 587 + blue * 114) / 1000;
            image::Luma([((light * alpha + 255 * (255 - alpha)) / 255) as u8])
        })
    } else {
        decoded.into_luma8()
    };
    if !has_contrast(&grey) {
        return None;
    }
    if grey.width().max(grey.height()) > LOOKED_AT {
        let scale = grey.width().max(grey.height()).div_ceil(LOOKED_AT);
        let (width, height) = (grey.width() / scale, grey.height() / scale);
        grey = image::imageops::thumbnail(&grey, width.max(1), height.max(1));
    }
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        grey.get_pixel(x as u32, y as u32).0[0]
    });
    let grids = prepared.detect_grids();
    Some(grids.iter().take(MOST).filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect())
}

/// Whether both dark and light are there: a code holds much of either.
fn has_contrast(grey: &image::GrayImage) -> bool {
    let (mut dark, mut light) = (255, 0);
    for pixel in grey.as_raw() {
        dark = dark.min(*pixel);
        light = light.max(*pixel);
    }
    light.saturating_sub(dark) >= 48
}

fn anchors(text: &str, part: u32) -> Vec<Anchor> {
    let found = bare(text, part);
    if found.is_empty() && text.len() <= 4096 && super::parse(text).is_some() {
        return vec![Anchor { target: text.to_owned(), shown: String::new(), part }];
    }
    // What a code holds is not shown to anybody.
    found.into_iter().map(|anchor| Anchor { shown: String::new(), ..anchor }).collect()
}
