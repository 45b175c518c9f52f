use proptest::prelude::*;

use super::*;

/// What is loaded, as `kind url`, and the bytes that name it.
fn found(css: &str, style: Style) -> Vec<(String, &str)> {
    loads(css, style).into_iter().map(|l| (format!("{} {}", l.kind, l.url), &css[l.range])).collect()
}

#[test]
fn everything_that_loads_is_found_with_its_bytes() {
    // (style, what is loaded, the bytes that name it)
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "a{background:url(http://x.example/a)}",
            &["css-url http://x.example/a"],
            &["url(http://x.example/a)"],
        ),
        ("a{background:url( 'b' )}", &["css-url b"], &["url( 'b' )"]),
        ("a{background:URL(\"b\"/**/) c}", &["css-url b"], &["URL(\"b\"/**/)"]),
        ("a{b:\\75 rl(c)}", &["css-url c"], &["\\75 rl(c)"]),
        ("a{b:u\\r\\l(c)}", &["css-url c"], &["u\\r\\l(c)"]),
        ("a{b:u\\000072l('c')}", &["css-url c"], &["u\\000072l('c')"]),
        (
            "a{b:url(\\68ttp:\\2f/x.example\\/a)}",
            &["css-url http://x.example/a"],
            &["url(\\68ttp:\\2f/x.example\\/a)"],
        ),
        ("a{b:url('ht\\\ntp://x')}", &["css-url http://x"], &["url('ht\\\ntp://x')"]),
        ("a{b:url/**/(c)}", &[], &[]),
        ("a{b:url(\n\tc\n)}", &["css-url c"], &["url(\n\tc\n)"]),
        ("a{b:url(c", &["css-url c"], &["url(c"]),
        ("a{b:url('c", &["css-url c"], &["url('c"]),
        ("a{b:url('c' ", &["css-url c"], &["url('c' "]),
        ("a{b:url('c' d(e) f)}", &["css-url c"], &["url('c' d(e) f)"]),
        ("a{b:url('c';}d{e:url(f)}", &["css-url c", "css-url f"], &["url('c'", "url(f)"]),
        ("a{b:url('c' 'd')}", &["css-url c", "css-url d"], &["url('c'", "'d'"]),
        ("a{b:url(c d)}", &["css-url c d"], &["url(c d)"]),
        ("a{b:url(c\"d);e:url(f)}", &["css-url c\"d", "css-url f"], &["url(c\"d)", "url(f)"]),
        ("a{b:url('c\n);d:url(e)}", &["css-url c", "css-url e"], &["url('c\n)", "url(e)"]),
        ("a{b:src('c')}", &["css-url c"], &["src('c')"]),
        (
            "a{b:image-set('c' 1x, \"d\" 2x type('image/png'))}",
            &["css-image-set c", "css-image-set d"],
            &["'c'", "\"d\""],
        ),
        ("a{b:-webkit-image-set(url(c) 1x)}", &["css-url c"], &["url(c)"]),
        ("a{b:-WEBKIT-image-set('c' 1x)}", &["css-image-set c"], &["'c'"]),
        ("a{b:image('c', red)}", &["css-image c"], &["'c'"]),
        ("a{b:image(ltr if(x: 'c'))}", &["css-image c"], &["'c'"]),
        ("a{b:cross-fade(url(c), 'd', 50%)}", &["css-url c", "css-image d"], &["url(c)", "'d'"]),
        ("@import 'c';", &["css-import c"], &["@import 'c';"]),
        (
            "@\\69mport/**/url(c) layer(x) supports(background:url(d)) screen;e{}",
            &["css-import c"],
            &["@\\69mport/**/url(c) layer(x) supports(background:url(d)) screen;"],
        ),
        ("@IMPORT url('c') print", &["css-import c"], &["@IMPORT url('c') print"]),
        ("@import src('c');", &["css-import c"], &["@import src('c');"]),
        ("@import 'c' {d:url(e)}", &["css-import c", "css-url e"], &["@import 'c' ", "url(e)"]),
        ("@import 'c' @import 'd'", &["css-import c", "css-import d"], &["@import 'c' ", "@import 'd'"]),
        ("@import supports(;a{b:url(c)}", &["css-url c"], &["url(c)"]),
        ("@media x{@import 'c'}", &["css-import c"], &["@import 'c'"]),
        ("@namespace x url(http://www.w3.org/);a{b:url(c)}", &["css-url c"], &["url(c)"]),
        ("@charset 'utf-8';", &[], &[]),
        ("@font-face{font-family:'A';src:local('B'),url(c)format('woff')}", &["css-font c"], &["url(c)"]),
        ("@font-face{src:url(c)}a{b:url(d)}", &["css-font c", "css-url d"], &["url(c)", "url(d)"]),
        (
            "a{cursor:url(c),auto;list-style:url(d);content:url(e)'f'}",
            &["css-url c", "css-url d", "css-url e"],
            &["url(c)", "url(d)", "url(e)"],
        ),
        ("a{filter:url(c#d)}", &["css-url c#d"], &["url(c#d)"]),
        ("a{behavior:url(c);b:url(d)}", &["css-behavior c", "css-url d"], &["url(c)", "url(d)"]),
        ("a{-moz-binding:url(c)}", &["css-binding c"], &["url(c)"]),
        (
            "a{filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(src='c',x='y')}",
            &["css-filter c", "css-filter y"],
            &["'c'", "'y'"],
        ),
        ("a{--b:url(c)}", &["css-url c"], &["url(c)"]),
        ("a{--b:'c';content:'d'}", &["css-custom c"], &["'c'"]),
        ("a{--b:'c'}d{content:'e'}", &["css-custom c"], &["'c'"]),
        ("a{\\2d-b:{'c'}}", &["css-custom c"], &["'c'"]),
        (
            "@property --b{syntax:'*';inherits:false;initial-value:'c'}",
            &["css-custom *", "css-custom c"],
            &["'*'", "'c'"],
        ),
        ("@function --f(--b:'c'){result:'d'}", &["css-custom c", "css-custom d"], &["'c'", "'d'"]),
        ("a[href='c']{font-family:'D';content:'e';quotes:'f' 'g'}", &[], &[]),
        ("/*url(c)*/a{b:'url(d)'}", &[], &[]),
        ("/*url(c)", &[], &[]),
        ("<!--a{b:url(c)}-->", &["css-url c"], &["url(c)"]),
        ("a{b:url()}", &[], &[]),
        ("]})a{b:url(c)}", &["css-url c"], &["url(c)"]),
        ("a{b:c(d(e[f{g(url(h))}]))}", &["css-url h"], &["url(h)"]),
        ("a{b:url(ö)}", &["css-url ö"], &["url(ö)"]),
    ];
    for (css, urls, bytes) in table {
        let got = found(css, Style::Sheet);
        let (got_urls, got_bytes): (Vec<String>, Vec<&str>) = got.into_iter().unzip();
        assert_eq!(
            (got_urls, got_bytes),
            (urls.iter().map(|u| (*u).to_owned()).collect(), bytes.to_vec()),
            "{css}"
        );
    }
}

#[test]
fn an_attribute_is_read_like_a_block() {
    assert_eq!(
        found("background:url(a);--b:'c';content:'d'", Style::Declarations),
        [("css-url a".to_owned(), "url(a)"), ("css-custom c".to_owned(), "'c'")]
    );
}

#[test]
fn brackets_in_brackets_end_neither_the_stack_nor_the_search() {
    let css = format!("a{{b:{}url(c) image-set('d')", "(".repeat(100_000));
    assert_eq!(loads(&css, Style::Sheet).iter().map(|l| l.url.as_str()).collect::<Vec<_>>(), ["c", "d"]);
}

const RICH: &str = "@import/**/'a' layer(b);@font-face{src:url(c)format('d')}a{--b:'c';b:\\75rl( 'é\\\n' x(y));\
        d:image-set('e' type('f'),url(g\"h)}i{j:'k\n;l:src(\"m\")}@namespace url(n);o{p:url(q";

#[test]
fn every_prefix_can_be_read() {
    for end in (0..=RICH.len()).filter(|&end| RICH.is_char_boundary(end)) {
        check(&RICH[..end]);
    }
}

/// What is promised of all ranges.
fn check(css: &str) {
    for style in [Style::Sheet, Style::Declarations] {
        let mut last = 0;
        for load in loads(css, style) {
            assert!(load.range.start >= last && load.range.start < load.range.end, "{css:?} {load:?}");
            assert!(css.get(load.range.clone()).is_some() && !load.url.is_empty(), "{css:?} {load:?}");
            last = load.range.end;
        }
    }
}

proptest! {
    #[test]
    fn ranges_are_in_order_and_apart(css in "([@a-zé(){}\\[\\]'\";:, /*\\\\\n]|url\\(|@import |--x:|image-set\\(|@font-face\\{){0,60}") {
        check(&css);
    }

    #[test]
    fn an_address_is_found_whatever_stands_before_it(css in "([a-z(){}\\[\\];:, ]|@media |--x:|image-set\\(|@font-face\\{){0,40}") {
        let css = format!("{css} url(http://x.example/t)");
        // What `@namespace` or `@import` names is theirs; nothing else hides an address.
        prop_assert!(loads(&css, Style::Sheet).iter().any(|load| load.url == "http://x.example/t"), "{}", css);
    }
}
