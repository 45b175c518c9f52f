//! The web proxy, whose log is exported as JSON lines.

use crate::batch::{Batch, put};
use crate::calendar::Stamp;
use crate::formats::json;

/// A request through the proxy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub client: &'a str,
    pub user: &'a str,
    pub method: &'a str,
    pub scheme: &'a str,
    pub host: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub agent: &'a str,
    pub kind: &'a str,
    pub sent: u64,
    pub received: u64,
    pub taken: u64,
}

impl Request<'_> {
    /// Adds it.
    pub(crate) fn add(&self, out: &mut Batch, micros: i64) {
        let Self { client, user, method, scheme, host, path, status, kind, sent, received, taken, .. } = self;
        let file = path.split('?').next().unwrap_or(path).rsplit('/').next().unwrap_or_default();
        let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
        out.add(micros, |out| {
            put!(
                out,
                "{{\"@timestamp\":\"{}\",\"c-ip\":\"{client}\",\"cs-username\":\"{user}\",\"cs-method\":\"{method}\",\
                 \"c-uri\":\"{scheme}://{host}{}\",\"cs-host\":\"{host}\",\"r-dns\":\"{host}\",\
                 \"c-uri-extension\":\"{extension}\",\"sc-status\":{status},\"c-useragent\":\"{}\",\
                 \"rs-content-type\":\"{kind}\",\"sc-bytes\":{sent},\"cs-bytes\":{received},\"time-taken\":{taken},\
                 \"s-action\":\"TCP_TUNNELED\"}}",
                Stamp::new(micros).iso_millis(),
                json(path),
                json(self.agent),
            );
        });
    }
}
