//! Whether a text looks drawn by lot rather than written, and how it is built.

/// Where a text stands; numbers are common in paths and rare in names of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Host,
    Path,
    Query,
}

/// Letters that often follow each letter in words of languages with Latin letters. Words hardly leave the
/// table; of what was drawn by lot, less than half of all pairs stand in it.
const FOLLOW: [&str; 26] = [
    "bcdfgiklmnprstuvwyz", // a
    "abeilorsuy",
    "aceehiklorstuy",
    "adegilnorsuy",
    "abcdefgilmnopqrstuvwxyk", // e
    "aefilortu",
    "aeghilnorsu",
    "aeioruytlmn", // h
    "abcdefgklmnoprstvzxr",
    "aeou",
    "aeilnorsuy",
    "acdefikmlopstuvy", // l
    "abeimopsuy",
    "acdefgiknostuvyl",
    "abcdefgiklmnoprstuvwxy", // o
    "aehiloprstu",
    "u",
    "abcdefgiklmnoprstuvy", // r
    "acehiklmnopqstuwy",
    "acehilorstuwyz",
    "abcdefgiklmnprstz", // u
    "aeioyr",
    "aehinors",
    "aceipt", // x
    "aceilmnopstw",
    "aeiozuwyt",
];

const PAIRS: [u32; 26] = {
    let mut pairs = [0; 26];
    let mut first = 0;
    while first < 26 {
        let letters = FOLLOW[first].as_bytes();
        let mut index = 0;
        while index < letters.len() {
            pairs[first] |= 1 << (letters[index] - b'a');
            index += 1;
        }
        first += 1;
    }
    pairs
};

/// What kinds of characters a text holds.
#[derive(Default)]
struct Classes {
    digits: usize,
    lower: usize,
    upper: usize,
    /// Letters up to `f`.
    hex: usize,
    base32: usize,
    url: usize,
    base64: usize,
    other: usize,
    seen: u128,
}

impl Classes {
    fn of(text: &str) -> Self {
        let mut found = Self::default();
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    found.digits += 1;
                    found.base32 += usize::from(matches!(byte, b'2'..=b'7'));
                }
                b'a'..=b'z' => {
                    found.lower += 1;
                    found.hex += usize::from(byte <= b'f');
                }
                b'A'..=b'Z' => {
                    found.upper += 1;
                    found.base32 += 1;
                    found.hex += usize::from(byte <= b'F');
                }
                b'-' | b'_' => found.url += 1,
                b'+' | b'/' | b'=' => found.base64 += 1,
                _ => found.other += 1,
            }
            found.seen |= 1 << (byte & 127);
        }
        found
    }
}

/// How `text` is built, where it looks made for one recipient; `None` for words, dates and short numbers.
/// Lengths are part of a shape where they tell of the generator, up to 64.
pub(super) fn of(text: &str, place: Place) -> Option<String> {
    let length = text.len();
    if !(6..=4096).contains(&length) || !text.is_ascii() {
        return None;
    }
    let bare = text.trim_start_matches('{').trim_end_matches('}');
    if is_uuid(bare) {
        return Some("uuid".to_owned());
    }
    let is = Classes::of(text);
    let different = is.seen.count_ones();
    if is.other > 0 {
        return None;
    }
    if is.digits == length {
        return (different >= 3 && length >= decimals(place) && !is_date(text)).then(|| "decimal".to_owned());
    }
    if length < 8 || different < 5 || is_size(text) {
        return None;
    }
    let letters = is.lower + is.upper;
    let one_case = is.lower == 0 || is.upper == 0;
    let name = if is.digits + is.hex == length && one_case && is.digits > 0 {
        if length < 16 && changes(text) < 2 {
            return None;
        }
        "hex"
    } else if !is_random(text, letters == length && one_case) {
        return None;
    } else if is.base32 == length && is.digits > 0 && length >= 16 {
        "base32"
    } else if is.base64 > 0 {
        if text.trim_end_matches('=').len() < 8 || letters < length / 3 {
            return None;
        }
        "base64"
    } else if is.url > 0 {
        if length < 12 {
            return None;
        }
        "base64url"
    } else if letters == length && one_case {
        "letters"
    } else if one_case {
        "alnum"
    } else {
        "mixed"
    };
    Some(if length <= if name == "hex" { 64 } else { 32 } {
        format!("{name}{length}")
    } else {
        name.to_owned()
    })
}

/// Whether a shape could hardly be the version of a file.
pub(super) fn is_strong(shape: &str) -> bool {
    matches!(shape, "uuid" | "hex32" | "hex40" | "hex64" | "base64" | "base64url" | "address")
}

/// Whether `text` is a mail address or ends as one.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    local.ends_with(|c: char| c.is_alphanumeric())
        && domain.len() >= 4
        && domain.contains('.')
        && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Digits from which on a number is one of many.
const fn decimals(place: Place) -> usize {
    match place {
        Place::Host => 7,
        Place::Path => 9,
        Place::Query => 6,
    }
}

/// Whether digits begin as a day does (`20210324`, `20210324101500`), or as month and year.
fn is_date(digits: &str) -> bool {
    let number = |range| digits.get(range).and_then(|text: &str| text.parse::<u32>().ok()).unwrap_or(0);
    let year = |year| (1970..2100).contains(&year);
    matches!(digits.len(), 6 | 8 | 10 | 12 | 14 | 17)
        && ((year(number(0..4)) && (1..=12).contains(&number(4..6)) && number(6..8) <= 31)
            || (digits.len() == 8
                && year(number(4..8))
                && (1..=31).contains(&number(0..2))
                && (1..=31).contains(&number(2..4))))
}

/// Width and height, such as `1200x630`.
fn is_size(text: &str) -> bool {
    let digits = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['x', 'X']).is_some_and(|(width, height)| digits(width) && digits(height))
}

/// How often letters and digits change places.
fn changes(text: &str) -> usize {
    let pairs = text.as_bytes().windows(2);
    pairs
        .filter(|pair| match pair {
            [one, two] => one.is_ascii_digit() != two.is_ascii_digit(),
            _ => false,
        })
        .count()
}

/// Whether most of `text` is neither word nor date. Runs end where letters, digits and signs change, and
/// before a capital behind a small letter. `plain` says that it is one run of letters.
fn is_random(text: &str, plain: bool) -> bool {
    if plain {
        return text.len() >= 12 && usual(text.as_bytes()) * 10 < (text.len() - 1) * 7;
    }
    let bytes = text.as_bytes();
    let (mut start, mut runs, mut written) = (0, 0, 0);
    for at in 1..=bytes.len() {
        let ends = match (bytes.get(at - 1), bytes.get(at)) {
            (Some(one), Some(two)) => {
                class(*one) != class(*two) || (one.is_ascii_lowercase() && two.is_ascii_uppercase())
            }
            _ => true,
        };
        if ends {
            let run = &bytes[start..at];
            runs += usize::from(class(run[0]) != 2);
            written += if is_written(run) { run.len() } else { 0 };
            start = at;
        }
    }
    runs >= 3 && written * 2 < text.len()
}

const fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' | b'A'..=b'Z' => 1,
        _ => 2,
    }
}

/// Whether a run is a word or a date. Signs between count as written: slugs have many.
fn is_written(run: &[u8]) -> bool {
    match run {
        [first, ..] if class(*first) == 2 => true,
        [first, ..] if class(*first) == 0 => {
            let text = std::str::from_utf8(run).unwrap_or_default();
            is_date(text) || (run.len() == 4 && (run.starts_with(b"19") || run.starts_with(b"20")))
        }
        _ => run.len() >= 3 && usual(run) * 4 >= (run.len() - 1) * 3,
    }
}

/// Pairs of letters that are usual in words.
fn usual(letters: &[u8]) -> usize {
    let place = |byte: &u8| usize::from(byte.to_ascii_lowercase().wrapping_sub(b'a'));
    letters
        .windows(2)
        .filter(|pair| match pair {
            [one, two] => PAIRS.get(place(one)).is_some_and(|after| after >> place(two).min(31) & 1 == 1),
            _ => false,
        })
        .count()
}
