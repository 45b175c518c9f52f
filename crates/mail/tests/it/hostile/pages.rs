//! Pages that parsers disagree on (mutation XSS and its kin), and style sheets written in escapes.

use super::{page, survived};

const BEACON: &str = "<img src=http://beacon.example/x>";

/// Shapes in which one parser sees text where another sees an element; `@` stands for what would load.
const SHAPES: &[&str] = &[
    "<math><mtext><table><mglyph><style><!--</style><a title=\"--&gt;@\">",
    "<form><math><mtext></form><form><mglyph><style></math>@",
    "<svg></p><style><a id=\"</style>@\">",
    "<svg><style><a title=\"</style>@\"></style></svg>",
    "<math><annotation-xml encoding=\"text/html\"><style><a title=\"</style>@\"></annotation-xml></math>",
    "<math><annotation-xml encoding=text/xml><style><a title=\"</style>@\">",
    "<svg><desc><style><a title=\"</style>@\">",
    "<svg><title><style><a title=\"</style>@\"></title></svg>",
    "<svg><foreignObject><math><mi><mglyph><svg><mtext><style><path id=\"</style>@\">",
    "<noscript><p title=\"</noscript>@\">",
    "<noembed><p title=\"</noembed>@\">",
    "<noframes><p title=\"</noframes>@\">",
    "<iframe><p title=\"</iframe>@\">",
    "<textarea><p title=\"</textarea>@\">",
    "<title><p title=\"</title>@\">",
    "<xmp><p title=\"</xmp>@\">",
    "<listing><p title=\"</listing>@\">",
    "<plaintext></plaintext>@",
    "<template><p>@</template>",
    "<template><svg></template>@",
    "<select><template><p>@</template></select>",
    "<select><noscript></select>@",
    "<select><iframe></select><style>@",
    "<table><tr><p>@</tr><style></table>@",
    "<table><caption><svg><style></table>@",
    "<a><table><a>@</table>",
    "<p><b><table><td></b>@<i></table>@",
    "<frameset>@<frame src=http://beacon.example/x>",
    "<!-->@-->",
    "<!--->@-->",
    "<!-- --!>@-->",
    "<!--<!-- -->@-->",
    "<!-- >@",
    "<!x>@",
    "<?x @?>",
    "</ @>",
    "<![CDATA[@]]>",
    "<svg><![CDATA[><@]]>",
    "<math><mi><![CDATA[@]]></mi></math>",
    "<svg><script>/*</script>@*/",
    "<script><!--<script></script>@--></script>",
    "<style><!--</style>@--></style>",
    "<style>a{content:\"</style>@\"}",
    "<img/src=http://beacon.example/x>",
    "<img\u{c}src\u{c}=\u{c}http://beacon.example/x>",
    "<img\0src=http://beacon.example/x>",
    "<i\0mg src=http://beacon.example/x>",
    "<image src=http://beacon.example/x>",
    "<img src=x src=http://beacon.example/x>",
    "<img SRC='x'src=\"http://beacon.example/x\">",
    "<img src=\"ht\ntp://bea\tcon.example/x\">",
    "<img src=&#104;&#116;tp&colon;&sol;&sol;beacon.example/x>",
    "<img src=\\\\beacon.example\\x>",
    "<img src=/\t/beacon.example/x>",
    "<img src=`http://beacon.example/x`>",
    "<img \"=\">\"src=http://beacon.example/x>",
    "<img title='\"'src=http://beacon.example/x title=\"'\">",
    "<a href=\"x\"\"><img src=http://beacon.example/x>",
    "<base href=http://beacon.example/><img src=x>",
    "<svg><base href=http://beacon.example/></svg><img src=x>",
    "<iframe srcdoc=\"&lt;img src=http://beacon.example/x&gt;\">",
    "<iframe srcdoc=\"<iframe srcdoc='&amp;lt;img src=http://beacon.example/x&amp;gt;'>\">",
    "<object data=\"data:text/html,<img src=http://beacon.example/x>\">",
    "<svg><use href=\"data:image/svg+xml,<svg id=a><image href='http://beacon.example/x'/></svg>#a\">",
    "<body background=x><html background=http://beacon.example/x>",
    "<p><body style=\"background:url(http://beacon.example/x)\">",
    "<svg><a><animate attributeName=href values=http://beacon.example/x /></a><image>",
    "<svg><set attributeName=href to=http://beacon.example/x><image>",
    "<form action=http://beacon.example/x><button formaction=http://beacon.example/y>",
    "<input type=image src=http://beacon.example/x><isindex>",
    "<link/rel=stylesheet\nhref=http://beacon.example/x>",
    "<meta http-equiv=\"refresh\" content=\"0; url = 'http://beacon.example/x'\">",
    "<![if mso]>@<![endif]>",
    "<!--[if !mso]><!-->@<!--<![endif]-->",
    "<!--[if mso]>@<![endif]-->",
    "<html xmlns:v=urn:schemas-microsoft-com:vml><v:image src=http://beacon.example/x>",
];

#[test]
fn shapes_that_parsers_disagree_on() {
    for shape in SHAPES {
        let html = shape.replace('@', BEACON);
        for whole in [html.clone(), format!("<!DOCTYPE html><table><td>{html}"), format!("<svg>{html}")] {
            survived(shape, &page("Content-Type: text/html; charset=utf-8", &whole));
        }
    }
}

#[test]
fn every_pair_of_shapes() {
    for (place, first) in SHAPES.iter().enumerate() {
        let second = SHAPES[(place * 31 + 7) % SHAPES.len()];
        let html = format!("{first}{second}").replace('@', BEACON);
        survived(&html, &page("Content-Type: text/html", &html));
    }
}

/// Every letter as CSS may write it.
fn escaped(text: &str, how: usize) -> String {
    text.chars()
        .map(|c| match how {
            0 if c.is_ascii_alphabetic() => format!("\\{:x} ", c as u32),
            1 if c.is_ascii_alphabetic() => format!("\\{:06x}", c as u32),
            2 if c.is_ascii_alphabetic() => format!("\\0{:X}\n", c as u32),
            // A letter that is no digit of a number may be escaped as itself.
            3 if c.is_ascii_alphabetic() && !c.is_ascii_hexdigit() => format!("\\{c}"),
            4 if c.is_ascii_lowercase() => c.to_ascii_uppercase().to_string(),
            _ => c.to_string(),
        })
        .collect()
}

#[test]
fn style_sheets_in_escapes() {
    let mut tried = 0;
    for how in 0..5 {
        let url = |text: &str| format!("{}({text})", escaped("url", how));
        let inside = escaped("http://beacon.example/x", how);
        for declaration in [
            format!("background:{}", url("http://beacon.example/x")),
            format!("background:{}", url(&inside)),
            format!("background:{}", url(&format!("\"{inside}\""))),
            format!("background:{}", url("\"ht\\\ntp://beacon.example/x\"")),
            format!("background:{}", url(" \t'http://beacon.example/x' /* x */")),
            format!("{}:{}", escaped("background-image", how), url(&inside)),
            format!("background:/*x*/{}/*y*/;color:red", url(&inside)),
            format!("background:{}(\"{inside}\" 1x)", escaped("image-set", how)),
            format!("background:{}({} 1x)", escaped("-webkit-image-set", how), url(&inside)),
            format!("background:{}({}, red)", escaped("cross-fade", how), url(&inside)),
            format!("--a:{};background:var(--a)", url(&inside)),
            format!("x:{{;}}}}a{{background:{}", url(&inside)),
            format!("content:\"unterminated\n;background:{}", url(&inside)),
        ] {
            let quoted = declaration.replace('&', "&amp;").replace('"', "&quot;");
            for html in [
                format!("<style>p{{{declaration}}}</style><p>x"),
                format!("<p style=\"{quoted}\">x"),
                format!("<svg><style>p{{{declaration}}}</style></svg><p>x"),
                format!("<style><!-- p{{{declaration}}} --></style><p>x"),
                format!("<style>@media all{{@supports (a:b){{p{{{declaration}}}}}}}</style><p>x"),
            ] {
                survived(&html, &page("Content-Type: text/html", &html));
                tried += 1;
            }
        }
        for rule in [
            format!("@{} \"{inside}\";", escaped("import", how)),
            format!("@{} {};", escaped("import", how), url(&inside)),
            format!("@charset \"x\";@{}/**/{}screen;", escaped("import", how), url(&inside)),
            format!("@{}{{font-family:a;src:{}}}", escaped("font-face", how), url(&inside)),
            format!("@{} {};", escaped("namespace", how), url(&inside)),
            format!("@{} {}{{p{{color:red}}}}", escaped("document", how), url(&inside)),
        ] {
            let html = format!("<style>{rule}</style><p>x");
            survived(&html, &page("Content-Type: text/html", &html));
            tried += 1;
        }
    }
    assert_eq!(tried, 5 * (13 * 5 + 6));
}
