use crate::dice::Dice;
use crate::scenario::Names;

/// Who broke in, and what they brought.
#[derive(Clone, Debug)]
pub(crate) struct Intruder {
    /// Where the first requests came from, and later some.
    pub entry: String,
    /// From where web shells were used.
    pub operator: String,
    /// From where passwords were tried and mailboxes read.
    pub cloud: String,
    /// To where archives went.
    pub collector: String,
    /// Mail domain in the requests that broke in.
    pub fake_domain: String,
    /// Pages left on the mail server: name without its extension.
    pub pages: Vec<String>,
    /// What the browser or tool calls itself.
    pub agent: String,
    /// Names of scripts, tasks and services left behind.
    pub tools: Vec<String>,
    /// An account made on the mail server.
    pub account: String,
    /// Password of the archives.
    pub password: String,
    /// Where files were sent.
    pub file_host: String,
    /// Mailbox outside to which mail was forwarded.
    pub drop: String,
}

impl Intruder {
    /// Draws an intruder and takes its addresses out of those that others use.
    pub(super) fn new(dice: &mut Dice, names: &Names, outside: &mut Vec<String>) -> Self {
        let mut address = || outside.pop().unwrap_or_else(|| "192.0.2.1".to_owned());
        let addresses = [address(), address(), address(), address()];
        let [entry, operator, cloud, collector] = addresses;
        let mut pages = names.pages.clone();
        dice.shuffle(&mut pages);
        let mut tools = names.tools.clone();
        dice.shuffle(&mut tools);
        let agents = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:91.0) Gecko/20100101 Firefox/91.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.159 Safari/537.36",
            "python-requests/2.26.0",
            "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)",
        ];
        let letters = dice.below(3) + 5;
        Self {
            entry,
            operator,
            cloud,
            collector,
            fake_domain: format!("{}.example", dice.letters(letters)),
            pages: pages.into_iter().take(3).collect(),
            agent: (*dice.one(&agents)).to_owned(),
            account: format!(
                "{}{}",
                dice.pick(&["sup", "test", "admin", "web", "sql", "default"]),
                dice.within(1..99)
            ),
            tools: tools.into_iter().take(6).collect(),
            password: format!("{}{}", dice.letters(6), dice.within(100..9999)),
            file_host: dice.one(&names.file_hosts).clone(),
            drop: format!("{}{}@{}", dice.letters(6), dice.within(10..99), dice.one(&names.outside_domains)),
        }
    }
}
