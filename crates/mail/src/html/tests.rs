use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

mod oracle;
mod vectors;

fn page(html: &str) -> Page {
    read(html, &Place::default())
}

/// `kind fires path` of everything that loads from `x.example`, the fires only where it is not at once.
fn found(page: &Page) -> Vec<String> {
    let word = |fires| match fires {
        Fires::Opened => "",
        Fires::OpenedInSome => "some ",
        Fires::AttachmentOpened => "attachment ",
        Fires::Submitted => "act ",
    };
    let on_host = page.loads.iter().filter(|load| load.host == "x.example");
    on_host
        .map(|load| {
            let path = load.url.split_once("x.example/").map_or("", |(_, path)| path);
            format!("{} {}{path}", load.kind, word(load.fires))
        })
        .collect()
}

#[test]
fn each_vector_loads_what_it_loads() {
    let mut wrong = Vec::new();
    for (html, loads) in vectors::VECTORS {
        let got = found(&page(html));
        if got != *loads {
            wrong.push(format!("{html}\n   is {got:?}\n not {loads:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_leads_nowhere_loads_nothing() {
    for html in vectors::NOTHING {
        assert_eq!(page(html).loads, [], "{html}");
    }
}

#[test]
fn an_element_is_hidden_for_a_reason() {
    for (html, reason) in vectors::HIDDEN {
        let page = page(html);
        let load = page.loads.last().unwrap_or_else(|| panic!("nothing in {html}"));
        assert_eq!(load.hidden, *reason, "{html}");
    }
}

#[test]
fn text_is_what_a_reader_sees() {
    for (html, text, hidden) in vectors::TEXT {
        let page = page(html);
        assert_eq!((page.text.as_str(), page.hidden_text.as_str()), (*text, *hidden), "{html}");
    }
}

#[test]
fn links_have_their_text() {
    let html = "<base href=http://x.example/b/><a href=c> See <b>this</b>\n<img alt=no src=y>&amp; that </a>more\
        <a href='mailto:a@x.example'>write</a><area href=/m><a href='#f'>f</a><a href=javascript:x()>j</a>\
        <svg><a xlink:href='//s.example/'>s</a></svg><a href=d><span style=display:none>hid</span>shown</a>\
        <!--[if mso]><v:roundrect href='http://v.example'>Button</v:roundrect><![endif]-->";
    let links: Vec<(String, String)> =
        page(html).anchors.into_iter().map(|anchor| (anchor.target, anchor.shown)).collect();
    let expected = [
        ("http://x.example/b/c", "See this & that"),
        ("mailto:a@x.example", "write"),
        ("http://x.example/m", ""),
        ("http://s.example/", "s"),
        ("http://x.example/b/d", "shown"),
        ("http://v.example/", "Button"),
    ];
    assert_eq!(links, expected.map(|(target, shown)| (target.to_owned(), shown.to_owned())));
}

#[test]
fn forms_and_scripts_are_counted() {
    let page = page(
        "<form action=http://x.example/f><input></form><form></form><script>1</script><p onclick=x()>\
         <a href=javascript:x()>a</a><script type=application/ld+json>{}</script>",
    );
    assert_eq!((page.forms, page.scripts), (2, 3));
    assert_eq!(found(&page), ["form act f"]);
}

#[test]
fn the_skeleton_is_that_of_the_template() {
    let of = |html| page(html).skeleton;
    assert_eq!(of("<p class=a><img src=b></p>"), of("<P CLASS='c'>text<IMG SRC=d>"));
    assert_ne!(of("<p class=a><img src=b>"), of("<p id=a><img src=b>"));
    assert_eq!(of(&"<b>".repeat(5000)).len(), 512);
}

#[test]
fn a_location_is_a_base_and_an_attachment_stays_one() {
    let place =
        Place { part: 3, fires: Fires::AttachmentOpened, location: Some("http://x.example/dir/page.html") };
    let page = read("<img src=a><!--[if mso]><v:fill src=/b><![endif]--><form action=c>", &place);
    assert_eq!(found(&page), ["img attachment dir/a", "vml attachment b", "form act dir/c"]);
    assert!(page.loads.iter().all(|load| load.part == 3));
}

#[test]
fn sizes_are_bounded() {
    let long = format!("<base href=http://x.example/{}><img src=a>", "b".repeat(5000));
    assert_eq!(page(&long).loads.len(), 0);
    let many = "<img src=http://x.example/a>".repeat(6000);
    assert_eq!(page(&many).loads.len(), 5000);
    let mut nested = "<img src=http://x.example/a>".to_owned();
    for _ in 0..8 {
        nested = format!("<iframe srcdoc='{}'>", nested.replace('&', "&amp;").replace('\'', "&#39;"));
    }
    assert_eq!(page(&nested).loads.len(), 0);
    // None of these may take time that grows with the square of the page.
    for piece in [
        "<style>",
        "<!--",
        "<svg><style><!--",
        "<title>",
        "<noscript>",
        "<![CDATA[",
        "<a b=\"",
        "<div>",
        "</p>",
        "<td>",
        "<!--[if mso]>",
        "<!--[if mso]><p><!-->",
        "<script><!--<script",
        "<iframe>",
        "&",
        "<base href=//a>",
        "--!>",
        "<p ",
        "<plaintext>",
        "<svg><title>",
        "<table><tr>",
        "<style>{",
        "<p style='a:b;",
    ] {
        page(&piece.repeat(20_000));
    }
    let ended = ["noscript", "iframe", "title", "xmp"]
        .map(|name| format!("{}</{name}>", format!("<{name}>").repeat(20_000)));
    ended.iter().for_each(|html| _ = page(html));
}

/// Everything that a page may hold, to be cut anywhere.
fn rich() -> String {
    let all: Vec<&str> =
        vectors::VECTORS.iter().map(|(html, _)| *html).filter(|html| html.len() < 300).collect();
    all.join("\n")
}

#[test]
fn harmless_doubt_does_not_use_up_what_is_read_twice() {
    let html = format!(
        "{}<noscript><p title='</noscript><img src=http://x.example/t>'>",
        "<noscript></noscript>".repeat(5000)
    );
    assert_eq!(found(&page(&html)), ["img t"]);
}

#[test]
fn a_page_can_be_cut_anywhere() {
    let rich = rich();
    for part in rich.as_bytes().chunks(1500) {
        let part = String::from_utf8_lossy(part);
        for end in (0..=part.len()).filter(|&end| part.is_char_boundary(end)) {
            page(&part[..end]);
        }
    }
}

/// Pieces of pages at which parsers part.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<img src=http://x.example/1>",
        "<p title=\"",
        "\">",
        "'>",
        "<style>",
        "</style>",
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<!--",
        "-->",
        "--!>",
        "<!-->",
        "<![CDATA[",
        "]]>",
        "<title>",
        "</title>",
        "<textarea>",
        "</textarea>",
        "<noscript>",
        "</noscript>",
        "<template>",
        "</template>",
        "<table>",
        "<td>",
        "</td>",
        "</table>",
        "<select>",
        "<option>",
        "</select>",
        "<iframe>",
        "</iframe>",
        "<xmp>",
        "</xmp>",
        "<a href=http://x.example/2>",
        "<foreignObject>",
        "<desc>",
        "<annotation-xml encoding=text/html>",
        "<script>",
        "</script>",
        "<plaintext>",
        "<form>",
        "</form>",
        "<frameset>",
        "<b>",
        "</b>",
        "<p>",
        "</p>",
        "<image href=http://x.example/3>",
        "<font color=a>",
        "<br/>",
        "<image src=http://x.example/4>",
        "<link rel=stylesheet href=http://x.example/5>",
        "text",
        "&lt;",
        "\0",
        "<",
        "/>",
        "<input type=image src=http://x.example/6>",
        "<x a=b a='c' src=\"http://x.example/7\"",
        "<video poster=http://x.example/8>",
        "<mglyph>",
        "<malignmark>",
        "</br>",
        "<body background=http://x.example/9>",
        "<head>",
        "<noembed>",
        "</noembed>",
        "<noframes>",
        "</noframes>",
        "<script><!--<script>",
        "<object data=http://x.example/10>",
        "<use xlink:href=http://x.example/11>",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// What a browser's parser makes an element of, and that loads, is found: whether it runs scripts or not.
    #[test]
    fn all_that_a_browser_loads_is_found(html in pieces()) {
        let ours: BTreeSet<String> = page(&html).loads.into_iter().map(|load| load.url).collect();
        for scripts in [false, true] {
            for url in oracle::loads(&html, scripts) {
                prop_assert!(ours.contains(&url), "{} is missed in {:?}", url, html);
            }
        }
    }

    #[test]
    fn any_text_can_be_read(html in "([<>/!='\"&;a-z\\-\\[\\] ]|\\PC|<img |<style>|url\\(){0,80}") {
        page(&html);
    }

    #[test]
    fn a_beacon_in_a_newsletter_is_found(before in 0usize..6, wrap in 0usize..5, quote in 0usize..3) {
        let beacon = ["<img src=http://x.example/t >", "<IMG width=1 SRC='http://x.example/t'>", "<img\nsrc = \"http://x.example/t\"/>"][quote];
        let paragraph = "<p style=\"margin:0;font:12px Arial\">News &amp; views <a href=\"http://news.example/a?b=c&amp;d\">more</a></p>\n";
        let wrapped = match wrap {
            0 => beacon.to_owned(),
            1 => format!("<table><tr><td>{beacon}</td></tr></table>"),
            2 => format!("<div style=\"display:none\">{beacon}</div>"),
            3 => format!("<!--[if !mso]><!-->{beacon}<!--<![endif]-->"),
            _ => format!("<center><font>{beacon}"),
        };
        let html = format!("<html><head><style>p{{color:red}}</style></head><body>{}{wrapped}{}</body></html>", paragraph.repeat(before), paragraph);
        prop_assert_eq!(found(&page(&html)), ["img t"]);
    }
}
