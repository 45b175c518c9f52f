use super::*;
use proptest::prelude::*;

const RECIPIENT: &str = "a.member@parliament.example";

fn recipients() -> Recipients {
    Recipients::new(&[RECIPIENT.to_owned(), "other.person@council.example".to_owned()])
}

fn look(url: &str) -> Target {
    target(url, &recipients())
}

#[test]
fn redirectors_are_unwrapped() {
    let deep = "https%253A%252F%252Fpress.example%252Fa%253Fx%253D1";
    for (url, expected, through) in [
        ("https://press.example/a", "https://press.example/a", 0),
        (
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpress.example%2Fa%3Fx%3D1&data=05%7C01%7Ca.member%40parliament.example%7C8f1e2d3c4b5a69788796a5b4c3d2e1f0&sdata=x&reserved=0",
            "https://press.example/a?x=1",
            1,
        ),
        (
            "https://www.google.co.uk/url?sa=t&q=https://press.example/a&usg=AOvVaw3fKqW2eX81mZ",
            "https://press.example/a",
            1,
        ),
        ("https://www.google.com/amp/s/www.press.example/a/b", "https://www.press.example/a/b", 1),
        (
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fpress.example%2F&h=AT0x9f",
            "https://press.example/",
            1,
        ),
        (
            "https://urldefense.proofpoint.com/v1/url?u=https://press.example/a&k=abc",
            "https://press.example/a",
            1,
        ),
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__press.example_a-2Db_c-3Fd-3De&d=DwMFaQ&c=x",
            "https://press.example/a-b/c?d=e",
            1,
        ),
        (
            "https://urldefense.com/v3/__https://press.example/a*b?c=d__;Iw!!LIr3w8kk_Xxm!abc$",
            "https://press.example/a#b?c=d",
            1,
        ),
        (
            "https://urldefense.com/v3/__https:/press.example/x**Ay__;Kys!!abc!d$",
            "https://press.example/x++y",
            1,
        ),
        ("https://protect-eu.mimecast.com/s/AbCdEfGhIjK?domain=press.example", "https://press.example/", 1),
        (
            "https://eu-central-1.protection.sophos.com/?d=press.example&u=aHR0cHM6Ly9wcmVzcy5leGFtcGxlL2E=&i=NWY",
            "https://press.example/a",
            1,
        ),
        ("https://web.archive.org/web/20210301120000/http://press.example/a", "http://press.example/a", 1),
        (
            "https://x1y2.r.eu-west-1.awstrack.me/L0/https:%2F%2Fpress.example%2Fa/1/0102/abc=1",
            "https://press.example/a/1/0102/abc=1",
            1,
        ),
        ("https://click.pstmrk.it/3s/press.example%2Fa", "https://press.example/a", 1),
        ("https://href.li/?https://press.example/a", "https://press.example/a", 1),
        ("https://secure-web.cisco.com/1a2b/https%3A%2F%2Fpress.example%2Fa", "https://press.example/a", 1),
        (
            &format!(
                "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3D{deep}"
            ),
            "https://press.example/a?x=1",
            2,
        ),
        (
            "https://www.google.com/url?q=javascript:alert(1)",
            "https://www.google.com/url?q=javascript:alert(1)",
            0,
        ),
        (
            "https://www.google.com/search?q=https://press.example",
            "https://www.google.com/search?q=https://press.example",
            0,
        ),
        (
            "https://notgoogle.example/url?q=https://press.example",
            "https://notgoogle.example/url?q=https://press.example",
            0,
        ),
    ] {
        let target = look(url);
        assert_eq!((target.url.as_str(), target.through.len()), (expected, through), "{url}");
        assert!(!target.opaque);
    }
    let opaque = look("https://u123.ct.sendgrid.net/ls/click?upn=u001.dGhpcyBpcyBub3QgYW4gYWRkcmVzcw-2B");
    assert!(opaque.opaque && opaque.host == "u123.ct.sendgrid.net" && opaque.domain == "sendgrid.net");
}

#[test]
fn a_filter_s_own_parameters_are_no_tokens_and_a_redirector_s_are() {
    let filter = look(
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpress.example%2Fo%2F9f8c2d7e6b1a4c3d&data=05%7Ca.member%40parliament.example",
    );
    assert_eq!(filter.tokens.len(), 1);
    assert_eq!(filter.masked, "https://press.example/o/{hex16}");
    let other = look("https://web.archive.org/web/2021/https://press.example/?id=9f8c2d7e6b1a4c3d");
    assert_eq!(other.tokens.len(), 1);
}

#[test]
fn redirectors_in_redirectors_end() {
    let mut url = "https://press.example/".to_owned();
    for _ in 0..20 {
        url = format!("https://href.li/?{url}");
    }
    let target = look(&url);
    assert_eq!((target.through.len(), target.host.as_str()), (DEEPEST, "href.li"));
}

#[test]
fn recipients_are_named() {
    let long = "q=%7B%22to%22%3A%22a.member%40parliament.example%22%7D";
    for (part, how) in [
        ("e=a.member@parliament.example", "plain"),
        ("e=A.Member@Parliament.example", "plain"),
        ("a.member@parliament.example", "plain"),
        ("e=a.member%40parliament.example", "percent"),
        (long, "percent"),
        ("r=bounce-a.member=parliament.example", "plain"),
        ("e=YS5tZW1iZXJAcGFybGlhbWVudC5leGFtcGxl", "base64"),
        ("e=eyJlIjoiYS5tZW1iZXJAcGFybGlhbWVudC5leGFtcGxlIn0=", "base64"),
        ("e=YT9_YS5tZW1iZXJAcGFybGlhbWVudC5leGFtcGxlIA", "base64url"),
        ("e=612e6d656d626572407061726c69616d656e742e6578616d706c65", "hex"),
        ("e=elpmaxe.tnemailrap@rebmem.a", "reversed"),
        ("e=n.zrzore@cneyvnzrag.rknzcyr", "rot13"),
        ("e=f6e1d8ffc8d9b3ad6ee1ff5ad4d3f9fd", "none"),
    ] {
        for url in [format!("https://x.example/o?{part}"), format!("https://x.example/#{part}")] {
            let named = look(&url).tokens.iter().find_map(|token| token.names).unwrap_or("none");
            assert_eq!(named, how, "{url}");
        }
    }
    let named = |text: String| {
        look(&format!("https://x.example/o/{text}.png")).tokens.first().and_then(|token| token.names)
    };
    use sha2::Digest;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sha256 = hex(&sha2::Sha256::digest(RECIPIENT));
    assert_eq!(named(hex(&md5::Md5::digest(RECIPIENT))), Some("md5"));
    assert_eq!(named(hex(&md5::Md5::digest(RECIPIENT)).to_uppercase()), Some("md5"));
    assert_eq!(named(hex(&sha1::Sha1::digest(RECIPIENT))), Some("sha1"));
    assert_eq!(named(sha256.clone()), Some("sha256"));
    assert_eq!(named(sha256[..16].to_owned()), Some("sha256"));
    assert_eq!(named(sha256[..12].to_owned()), None);
    assert_eq!(named(hex(&md5::Md5::digest("a.member"))), Some("local-md5"));
    assert_eq!(named(hex(&md5::Md5::digest("somebody.else@council.example"))), None);
    let empty = target("https://x.example/?e=a.member@parliament.example", &Recipients::default());
    assert_eq!(empty.tokens[0].names, None);
    assert_eq!(empty.tokens[0].shape, "address");
}

#[test]
fn tokens_have_shapes() {
    for (url, masked) in [
        ("https://x.example/o/9f8c2d7e6b1a4c3d9f8c2d7e6b1a4c3d.png", "https://x.example/o/{hex32}.png"),
        ("https://x.example/o/9F8C2D7E.gif", "https://x.example/o/{hex8}.gif"),
        ("https://t-9f8c2d7e.img.example/p.png", "https://t-{host:hex8}.img.example/p.png"),
        ("https://k8fj3ms0q2.img.example/", "https://{host:alnum10}.img.example/"),
        ("https://x.example/123e4567-e89b-12d3-a456-426614174000", "https://x.example/{uuid}"),
        (
            "https://x.example/o?id=%7B123e4567-e89b-12d3-a456-426614174000%7D",
            "https://x.example/o?id={uuid}",
        ),
        ("https://x.example/o?id=83920412", "https://x.example/o?id={decimal}"),
        ("https://x.example/o?x7k2p9q4w", "https://x.example/o?{alnum9}"),
        ("https://x.example/o?u=dGhpc2lzYXRva2Vu-_8a", "https://x.example/o?u={base64url20}"),
        ("https://x.example/o?u=kJ8%2BvQ2xTz%2FpLm3R9w%3D%3D", "https://x.example/o?u={base6420}"),
        ("https://x.example/JBSWY3DPEHPK3PXP", "https://x.example/{base3216}"),
        ("https://x.example/o/aB3dE5gH7j/9f8c2d7e.png", "https://x.example/o/{mixed10}/{hex8}.png"),
        ("https://x.example/o#t=9f8c2d7e6b1a", "https://x.example/o#t={hex12}"),
        ("https://x.example/o/xkqzjvbwqtnh.png", "https://x.example/o/{letters12}.png"),
        ("https://x.example/assets/main.3f2a9c1b.css", "https://x.example/assets/main.{hex8}.css"),
        (
            "https://x.example/a?utm_id=123e4567-e89b-12d3-a456-426614174000",
            "https://x.example/a?utm_id={uuid}",
        ),
        ("https://9f8c2d7e@x.example/", "https://{hex8}@x.example/"),
    ] {
        assert_eq!(look(url).masked, masked);
    }
}

/// Addresses as honest pages have them.
const HONEST: &str = include_str!("honest.txt");

#[test]
fn honest_addresses_hold_few_tokens() {
    let all: Vec<&str> = HONEST.lines().filter(|line| !line.is_empty()).collect();
    let found: Vec<String> = all
        .iter()
        .flat_map(|url| look(url).tokens.into_iter().map(move |token| format!("{} in {url}", token.text)))
        .collect();
    assert!(all.len() >= 200, "{}", all.len());
    assert!(found.len() <= 4, "{found:#?}");
}

#[test]
fn addresses_in_text() {
    let found = |text: &str| bare(text, 3).into_iter().map(|anchor| anchor.target).collect::<Vec<_>>();
    for (text, expected) in [
        ("See https://press.example/a.", &["https://press.example/a"][..]),
        ("(https://press.example/a_(b)) and more", &["https://press.example/a_(b)"]),
        ("[x](https://press.example/a), HTTP://B.example!", &["https://press.example/a", "HTTP://B.example"]),
        ("<https://press.example/a\n b>", &["https://press.example/a"]),
        ("<https://press.example/long\r\ntail?x=1>", &["https://press.example/longtail?x=1"]),
        (
            "go to www.press.example, or ftp://f.example/x;",
            &["http://www.press.example", "ftp://f.example/x"],
        ),
        ("mail me@www.press.example or x.www.a.example", &[]),
        (
            "\"https://münchen.example/ä\" «https://b.example»",
            &["https://münchen.example/ä", "https://b.example"],
        ),
        ("http:// and https:///x and www. and http://.", &[]),
        ("Siehe https://press.example/a…", &["https://press.example/a"]),
        ("https://a.example/https://b.example", &["https://a.example/https://b.example"]),
        ("看https://press.example/a。", &["https://press.example/a"]),
        ("", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
    assert_eq!(found(&"http://a.example ".repeat(5000)).len(), 2000);
    assert!(found(&"www.".repeat(100_000)).len() <= 2000);
}

/// A picture of a code, `scale` pixels a module, in the middle of white.
fn code(text: &str, scale: u32) -> image::GrayImage {
    let code = qrcode::QrCode::new(text).unwrap();
    let (width, colors) = (code.width() as u32, code.to_colors());
    image::GrayImage::from_fn((width + 8) * scale, (width + 8) * scale, |x, y| {
        let (x, y) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
        let dark = x < width && y < width && colors[(y * width + x) as usize] == qrcode::Color::Dark;
        image::Luma([if dark { 0 } else { 255 }])
    })
}

fn written(picture: &image::GrayImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::DynamicImage::ImageRgb8(image::DynamicImage::ImageLuma8(picture.clone()).to_rgb8())
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

use std::io::Cursor;

#[test]
fn codes_are_read() {
    use image::ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    let url = "https://press.example/o/9f8c2d7e6b1a4c3d";
    for (scale, format) in [(4, Png), (4, Jpeg), (3, Gif), (5, Bmp), (4, WebP), (40, Png)] {
        let picture = written(&code(url, scale), format);
        let mut pixels = PIXELS;
        let found = codes(&picture, 2, &mut pixels);
        let expected = Anchor { target: url.to_owned(), shown: String::new(), part: 2 };
        assert_eq!(found, [expected], "{format:?} {scale}");
        assert!(pixels < PIXELS);
        assert_eq!(codes(&picture, 2, &mut 1000), [], "nothing is left for this message");
    }
    let small = written(&image::GrayImage::new(1, 1), Png);
    assert_eq!(codes(&small, 0, &mut PIXELS.clone()), []);
    let phone = written(&code("tel:+441632960001", 4), Png);
    assert_eq!(codes(&phone, 0, &mut PIXELS.clone())[0].target, "tel:+441632960001");
    let text = written(&code("only words", 4), Png);
    assert_eq!(codes(&text, 0, &mut PIXELS.clone()), []);
}

use crate::html::Anchor;

#[test]
fn torn_pictures_hold_nothing_and_do_no_harm() {
    let whole = written(&code("https://press.example/", 2), image::ImageFormat::Png);
    for end in (0..whole.len()).step_by(7) {
        let _ = codes(&whole[..end], 0, &mut PIXELS.clone());
    }
    // A header that promises more than there may be.
    let mut wide = whole;
    wide[16..20].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
    assert_eq!(codes(&wide, 0, &mut PIXELS.clone()), []);
}

#[test]
fn facts_of_a_link() {
    let anchor =
        |target: &str, shown: &str| Anchor { target: target.to_owned(), shown: shown.to_owned(), part: 1 };
    for (to, shown, host, differs) in [
        ("https://evil.example/", "https://press.example/a", Some("press.example"), true),
        ("https://evil.example/", "www.press.example", Some("www.press.example"), true),
        ("https://www.press.com/x", "press.com", Some("press.com"), false),
        ("https://evil.example/", "Read more", None, false),
        ("https://evil.example/", "a@press.com", None, false),
        ("https://evil.example/", "Press.com is great", None, false),
        ("https://href.li/?https://press.example/", "href.li", Some("href.li"), false),
        ("https://evil.example/", "v1.2", None, false),
        ("mailto:a@press.com", "press.com", Some("press.com"), false),
    ] {
        let target = look(to);
        let mut event = model::Event::default();
        push(&anchor(to, shown), &target, false, &mut event);
        assert_eq!(event.get("link.shown_host").map(|value| value.text), host, "{shown}");
        assert_eq!(event.get("link.mismatch").unwrap().text, differs.to_string(), "{shown}");
    }
    let anchors = [
        anchor("http://user@192.0.2.7:8080/o?e=YS5tZW1iZXJAcGFybGlhbWVudC5leGFtcGxl", ""),
        anchor("https://xn--mnchen-3ya.example/", "münchen.example"),
    ];
    let targets: Vec<Target> = anchors.iter().map(|anchor| look(&anchor.target)).collect();
    let mut event = model::Event::default();
    push(&anchors[0], &targets[0], true, &mut event);
    for (name, value) in [
        ("link.ip_literal", "true"),
        ("link.port", "8080"),
        ("link.userinfo", "true"),
        ("link.names_how", "base64"),
        ("link.coded", "true"),
        ("link.scheme", "http"),
        ("link.masked", "http://user@192.0.2.7:8080/o?e={base64}"),
    ] {
        assert_eq!(event.get(name).map(|value| value.text), Some(value), "{name}");
    }
    event.clear();
    push(&anchors[1], &targets[1], false, &mut event);
    assert_eq!(event.get("link.idn").unwrap().text, "münchen.example");
    assert_eq!(event.get("link.mismatch").unwrap().text, "false");
    event.clear();
    push_all(&anchors, &targets, &mut event);
    for (name, value) in [
        ("mail.link.count", "2"),
        ("mail.link.mismatch", "0"),
        ("mail.token.count", "1"),
        ("mail.token.shape", "base64"),
        ("mail.token.names_recipient", "true"),
    ] {
        assert_eq!(event.get(name).map(|value| value.text), Some(value), "{name}");
    }
    assert_eq!(event.get_all("mail.link.host").count(), 2);
}

#[test]
fn what_is_no_place_of_the_network_is_kept() {
    for url in
        ["", "mailto:a@b.example", "javascript:alert(1)", "cid:x@y", "data:image/png;base64,AAAA", "nothing"]
    {
        let target = look(url);
        assert_eq!((target.url.as_str(), target.masked.as_str(), target.host.as_str()), (url, url, ""));
    }
    assert_eq!(look(r"\\files.example\share\a.png").host, "files.example");
    assert_eq!(look("//press.example/a").url, "https://press.example/a");
    assert_eq!(look("https://PRESS.example.:443/a").domain, "press.example");
    assert!(look(&format!("https://press.example/{}", "a/".repeat(100_000))).url.len() <= LONGEST);
}

proptest! {
    #[test]
    fn nothing_makes_it_fall(url in ".{0,200}", tail in "[a-zA-Z0-9%/?&=._*@{}:;!-]{0,200}") {
        let _ = look(&url);
        for front in ["https://", "https://www.google.com/url?q=", "https://urldefense.com/v3/__https://a",
            "https://secure-web.cisco.com/", "https://href.li/?", r"\\", "https://a.example/?x="] {
            let target = look(&format!("{front}{tail}"));
            prop_assert!(target.tokens.len() <= TOKENS);
        }
        let _ = bare(&url, 0);
        let _ = bare(&format!("{tail}<http://{url}> www.{tail}"), 0);
    }
}
