use serde::{Deserialize, Serialize};

/// A fact that rules can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Its name, a field of the event.
    pub name: String,
    /// What it is a fact of: a message, a beacon, a link, an attachment, a mailing, or a record that
    /// shows that a message was opened.
    pub of: String,
    /// What its value is: text, number, truth, time, or a list.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it means, with its unit.
    pub meaning: String,
    /// A value that it may have.
    pub example: String,
}

#[derive(Deserialize)]
struct Table {
    fact: Vec<Fact>,
}

/// The tables, one a module.
const TABLES: [&str; 6] = [
    include_str!("../data/facts/who.toml"),
    include_str!("../data/facts/auth.toml"),
    include_str!("../data/facts/content.toml"),
    include_str!("../data/facts/html.toml"),
    include_str!("../data/facts/links.toml"),
    include_str!("../data/facts/recon.toml"),
];

/// Every fact, in the order of the reference page.
pub fn facts() -> Vec<Fact> {
    // The tables are part of the program; a test reads each, so that none can be faulty here.
    TABLES.iter().filter_map(|text| toml::from_str::<Table>(text).ok()).flat_map(|table| table.fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that people read, made of the tables.
    fn page() -> String {
        let mut page = include_str!("../data/facts/page.md").to_owned();
        for of in ["message", "beacon", "link", "attachment", "mailing", "opened"] {
            page += &format!(
                "\n## Of {}\n\n| fact | type | meaning | example |\n| --- | --- | --- | --- |\n",
                heading(of)
            );
            for fact in facts().iter().filter(|fact| fact.of == of) {
                let cell = |text: &str| text.replace('|', "\\|");
                let example = if fact.example.is_empty() {
                    String::new()
                } else {
                    format!("`{}`", cell(&fact.example))
                };
                page +=
                    &format!("| `{}` | {} | {} | {example} |\n", fact.name, fact.kind, cell(&fact.meaning));
            }
        }
        page
    }

    fn heading(of: &str) -> &str {
        match of {
            "message" => "a message (`category: mail`)",
            "beacon" => "what loads by itself (`category: beacon`)",
            "link" => "a link (`category: link`)",
            "attachment" => "an attachment (`category: attachment`)",
            "mailing" => "a mailing (`category: mailing`)",
            _ => "a record that shows that a message was opened (`category: opened`)",
        }
    }

    #[test]
    fn every_table_can_be_read_and_every_fact_stands_once() {
        let mut names = std::collections::BTreeSet::new();
        for text in TABLES {
            let table: Table = toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            for fact in table.fact {
                assert!(!fact.meaning.is_empty() && fact.meaning.ends_with('.'), "{}", fact.name);
                assert!(names.insert((fact.of.clone(), fact.name.clone())), "{} twice", fact.name);
            }
        }
    }

    /// `UPDATE_PAGES=1 cargo test -p mail facts` writes it anew.
    #[test]
    fn the_reference_page_is_that_of_the_tables() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mail-facts.md");
        if std::env::var_os("UPDATE_PAGES").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page());
    }
}
