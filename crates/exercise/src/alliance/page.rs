//! How newsletters look: a head, a body and a foot, each in several ways of writing HTML.

use super::mime::escape;
use crate::dice::Dice;

/// What one issue shows to one recipient.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub brand: String,
    pub subject: String,
    pub date: String,
    pub opening: String,
    pub preview: String,
    /// Heading, text, words of the link, target, picture.
    pub blocks: Vec<Block>,
    pub closing: String,
    /// Address of the sender in the world.
    pub street: String,
    pub logo: String,
    pub color: String,
    /// Nothing where the issue is not watched.
    pub pixel: String,
    pub unsubscribe: String,
    pub online: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub title: String,
    pub text: String,
    pub more: String,
    pub link: String,
    pub picture: String,
}

/// The ways in which an issue is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    head: u8,
    body: u8,
    foot: u8,
    pixel: u8,
}

impl Layout {
    /// One of the ways; `pictured` wants one that shows the pictures of an issue.
    pub(super) fn draw(dice: &mut Dice, pictured: bool) -> Self {
        let [head, mut body, foot, pixel] =
            [HEADS, BODIES, FEET, PIXELS].map(|ways| dice.within(0..ways) as u8);
        if pictured && [2, 3, 6].contains(&body) {
            body = 4;
        }
        Self { head, body, foot, pixel }
    }

    /// The page.
    pub(super) fn html(self, content: &Content) -> String {
        let mut out = String::with_capacity(6000);
        let early = self.pixel.is_multiple_of(2);
        head(self.head, content, &mut out);
        if early {
            pixel(self.pixel, content, &mut out);
        }
        body(self.body, content, &mut out);
        foot(self.foot, content, &mut out);
        if !early {
            pixel(self.pixel, content, &mut out);
        }
        out += match self.head {
            0 | 3 => "</td></tr></table>\n</body></html>\n",
            1 | 4 => "</div>\n</body>\n</html>\n",
            5 => "</center></body></html>\n",
            _ => "</body></html>\n",
        };
        out
    }
}

const HEADS: u64 = 6;
const BODIES: u64 = 8;
const FEET: u64 = 6;
const PIXELS: u64 = 6;

fn head(way: u8, c: &Content, out: &mut String) {
    let (brand, subject, preview) = (escape(&c.brand), escape(&c.subject), escape(&c.preview));
    let (logo, color, date, online) = (escape(&c.logo), &c.color, &c.date, escape(&c.online));
    *out += &match way {
        0 => format!(
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/\
             xhtml1-transitional.dtd\">\n<html xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta http-equiv=\
             \"Content-Type\" content=\"text/html; charset=utf-8\" />\n<title>{subject}</title>\n<style type=\"text/css\">\n\
             body,table,td{{font-family:Arial,Helvetica,sans-serif;font-size:15px}}\n.preheader{{display:none!important;\
             visibility:hidden;opacity:0;height:0;width:0}}\n@media only screen and (max-width:480px){{.full{{width:100%\
             !important}}}}\n</style>\n</head>\n<body bgcolor=\"#f2f2f2\">\n<span class=\"preheader\">{preview}</span>\n\
             <table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td align=\"center\">\n\
             <table width=\"600\" class=\"full\"><tr><td><img src=\"{logo}\" alt=\"{brand}\" width=\"220\" /></td></tr></table>\n"
        ),
        1 => format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=\
             device-width\">\n<title>{brand}</title>\n<style>.w{{max-width:640px;margin:auto}}h1{{color:{color}}}\n\
             a{{color:{color}}}.m{{color:#888;font-size:12px}}</style></head>\n<body><div class=\"w\">\n\
             <p class=\"m\"><a href=\"{online}\">View in browser</a></p>\n<h1>{brand}</h1>\n<p class=\"m\">{date}</p>\n"
        ),
        2 => format!(
            "<html><body style=\"font-family:Georgia,serif\">\n<p><b>{brand}</b><br>{date}</p>\n<hr>\n"
        ),
        3 => format!(
            "<html xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">\n\
             <head><!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch>\
             </o:OfficeDocumentSettings></xml><![endif]--><title>{subject}</title></head>\n<body style=\"margin:0;padding:0\">\n\
             <div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">{preview}&#847;&zwnj;&nbsp;&#847;&zwnj;\
             &nbsp;</div>\n<table role=\"presentation\" width=\"100%\"><tr><td style=\"background:{color};padding:18px\">\n\
             <a href=\"{online}\"><img src=\"{logo}\" height=\"40\" alt=\"{brand}\" style=\"border:0\"></a></td></tr><tr><td>\n"
        ),
        4 => format!(
            "<HTML>\n<HEAD><META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=utf-8\"></HEAD>\n\
             <BODY BGCOLOR=\"#FFFFFF\" LINK=\"{color}\">\n<FONT FACE=\"Verdana\" SIZE=\"5\" COLOR=\"{color}\">{brand}</FONT>\n\
             <BR><FONT SIZE=\"1\">{date} &middot; <A HREF=\"{online}\">online version</A></FONT>\n<DIV>\n"
        ),
        _ => format!(
            "<html><head><title>{brand}: {subject}</title></head><body><center style=\"width:100%;background:#fff\">\n\
             <div style=\"max-width:560px;text-align:left\"><img src=\"{logo}\" width=\"560\" height=\"90\" alt=\"\">\n\
             <h2 style=\"color:{color};margin:12px 0\">{subject}</h2></div>\n"
        ),
    };
    if !c.opening.is_empty() {
        *out += &format!("<p>{}</p>\n", escape(&c.opening));
    }
}

fn body(way: u8, c: &Content, out: &mut String) {
    if way == 3 {
        *out += "<ul>\n";
    }
    for (number, block) in c.blocks.iter().enumerate() {
        let (title, text, more) = (escape(&block.title), escape(&block.text), escape(&block.more));
        let (link, color) = (escape(&block.link), &c.color);
        let picture = if block.picture.is_empty() {
            String::new()
        } else {
            format!("<img src=\"{}\" alt=\"\" width=\"560\" height=\"280\">\n", escape(&block.picture))
        };
        *out += &match way {
            0 => format!(
                "<table width=\"600\" class=\"full\" cellpadding=\"12\"><tr><td>{picture}<h2><a href=\"{link}\" \
                 style=\"color:{color};text-decoration:none\">{title}</a></h2>\n<p>{text}</p>\n\
                 <p><a href=\"{link}\" target=\"_blank\">{more}</a></p></td></tr></table>\n"
            ),
            1 => format!("<h3>{title}</h3>\n{picture}<p>{text} <a href=\"{link}\">{more}</a></p>\n"),
            2 => format!(
                "<p><strong>{}. {title}</strong><br>\n{text}<br>\n<a href='{link}'>{more}</a></p>\n",
                number + 1
            ),
            3 => format!("<li><a href=\"{link}\">{title}</a> - {text}</li>\n"),
            4 => format!(
                "<div style=\"border:1px solid #ddd;border-radius:6px;margin:14px 0;padding:14px\">{picture}\
                 <div style=\"font-size:19px;font-weight:700\">{title}</div><div>{text}</div>\n\
                 <!--[if mso]><v:roundrect xmlns:v=\"urn:schemas-microsoft-com:vml\" href=\"{link}\" fillcolor=\"{color}\">\
                 <center>{more}</center></v:roundrect><![endif]-->\n<!--[if !mso]><!--><a href=\"{link}\" style=\"background:\
                 {color};color:#fff;padding:8px 16px\">{more}</a><!--<![endif]--></div>\n"
            ),
            5 => format!(
                "<TABLE BORDER=0 WIDTH=\"100%\"><TR><TD WIDTH=\"30%\" VALIGN=top>{picture}</TD><TD><B>{title}</B><BR>{text}\
                 <BR><A HREF=\"{link}\">{more}</A></TD></TR></TABLE>\n"
            ),
            6 => format!(
                "<dl><dt style=\"color:{color}\">{title}</dt><dd>{text}\n<a href=\"{link}\">{more}</a></dd></dl>\n"
            ),
            _ => format!(
                "<blockquote style=\"border-left:3px solid {color};padding-left:10px\">{text}</blockquote>\n\
                 <p>{picture}<a href=\"{link}\">{title}</a></p>\n"
            ),
        };
    }
    if way == 3 {
        *out += "</ul>\n";
    }
}

fn foot(way: u8, c: &Content, out: &mut String) {
    let (brand, street) = (escape(&c.brand), escape(&c.street));
    let (unsubscribe, online) = (escape(&c.unsubscribe), escape(&c.online));
    if !c.closing.is_empty() {
        *out += &format!("<p>{}</p>\n", escape(&c.closing));
    }
    *out += &match way {
        0 => format!(
            "<table width=\"600\"><tr><td style=\"font-size:11px;color:#777\">You receive this mail because you are listed \
             with {brand}. {street}<br><a href=\"{unsubscribe}\">Unsubscribe</a> | <a href=\"{online}\">View online</a>\
             </td></tr></table>\n"
        ),
        1 => format!(
            "<p style=\"font-size:12px\">{brand}, {street}. <a href=\"{unsubscribe}\">Sign off</a></p>\n"
        ),
        2 => format!(
            "<hr>\n<small>&copy; {brand} &middot; {street} &middot; <a href=\"{unsubscribe}\">Abmelden / Se désabonner</a></small>\n"
        ),
        3 => format!(
            "<div style=\"text-align:center;font-size:11px\"><a href=\"{online}\">Web</a> &bull; <a href=\"{unsubscribe}\">\
             Manage preferences</a> &bull; <a href=\"{unsubscribe}\">Stop these mails</a><br>{street}</div>\n"
        ),
        4 => format!(
            "<p>--<br>\n{brand}<br>\n{street}<br>\nTo leave this list, <a href=\"{unsubscribe}\">click here</a>.</p>\n"
        ),
        _ => format!(
            "<table width=\"100%\" bgcolor=\"#eeeeee\"><tr><td align=\"center\"><font size=\"1\">Copyright {brand}. All rights \
             reserved. Our address: {street}. If you no longer wish to hear from us <a href=\"{unsubscribe}\">update your \
             preferences</a>.</font></td></tr></table>\n"
        ),
    };
}

fn pixel(way: u8, c: &Content, out: &mut String) {
    if c.pixel.is_empty() {
        return;
    }
    let url = escape(&c.pixel);
    *out += &match way {
        0 => format!("<img src=\"{url}\" width=\"1\" height=\"1\" border=\"0\" alt=\"\">\n"),
        1 => {
            format!("<img src=\"{url}\" alt=\"\" style=\"display:block;height:1px;width:1px;border:0\" />\n")
        }
        2 => format!("<div style=\"display:none\"><img src=\"{url}\"></div>\n"),
        3 => format!(
            "<img src=\"{url}\" width=\"1\" height=\"1\" style=\"height:1px !important;width:1px !important;border-width:0 \
             !important;margin:0 !important\"/>\n"
        ),
        4 => format!("<table><tr><td background=\"{url}\" height=\"1\"></td></tr></table>\n"),
        _ => format!("<IMG SRC='{url}' HEIGHT=1 WIDTH=1>\n"),
    };
}

/// The same for readers of plain text.
pub(super) fn text(c: &Content) -> String {
    let mut out = format!("{}\n{}\n\n", c.brand, c.date);
    if !c.opening.is_empty() {
        out += &format!("{}\n\n", c.opening);
    }
    for block in &c.blocks {
        out += &format!("* {}\n\n{}\n\n{}: {}\n\n", block.title, block.text, block.more, block.link);
    }
    out + &format!("{}\n\n--\n{}\nUnsubscribe: {}\n", c.closing, c.street, c.unsubscribe)
}
