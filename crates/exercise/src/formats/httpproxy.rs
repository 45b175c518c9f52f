//! HttpProxy logs of Exchange's client access.

use crate::batch::{Batch, put};
use crate::calendar::Stamp;
use crate::dice::Dice;

/// Columns of Exchange 2016.
const COLUMNS: &str = "DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,\
    ClientRequestId,Protocol,UrlHost,UrlStem,ProtocolAction,AuthenticationType,IsAuthenticated,\
    AuthenticatedUser,Organization,AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,\
    BackEndStatus,ErrorCode,Method,ProxyAction,TargetServer,TargetServerVersion,RoutingType,RoutingHint,\
    BackEndCookie,ServerLocatorHost,ServerLocatorLatency,RequestBytes,ResponseBytes,\
    TargetOutstandingRequests,AuthModulePerfContext,HttpPipelineLatency,CalculateTargetBackEndLatency,\
    GlsLatencyBreakup,TotalGlsLatency,AccountForestLatencyBreakup,TotalAccountForestLatency,\
    ResourceForestLatencyBreakup,TotalResourceForestLatency,ADLatency,SharedCacheLatencyBreakup,\
    TotalSharedCacheLatency,ActivityContextLifeTime,ModuleToHandlerSwitchingLatency,\
    ClientReqStreamLatency,BackendReqInitLatency,BackendReqStreamLatency,BackendProcessingLatency,\
    BackendRespInitLatency,BackendRespStreamLatency,ClientRespStreamLatency,KerberosAuthHeaderLatency,\
    HandlerCompletionLatency,RequestHandlerLatency,HandlerToModuleSwitchingLatency,ProxyTime,CoreLatency,\
    RoutingLatency,HttpProxyOverhead,TotalRequestTime,RouteRefresherLatency,UrlQuery,BackEndGenericInfo,\
    GenericInfo,GenericErrors,EdgeTraceId,DatabaseGuid,UserADObjectGuid,\
    PartitionEndpointLookupLatency,RoutingStatus";

/// What stands before the records.
pub(crate) fn head(micros: i64) -> String {
    format!(
        "{COLUMNS}\r\n#Software: Microsoft Exchange Server\r\n#Version: 15.01.2176.014\r\n\
         #Log-type: HttpProxy Logs\r\n#Date: {}\r\n#Fields: {COLUMNS}\r\n",
        Stamp::new(micros).iso_millis()
    )
}

/// A request that the front end handed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// `Autodiscover`, `Ews`, `Mapi`, `PowerShell`, `Owa` or `Ecp`.
    pub protocol: &'a str,
    pub host: &'a str,
    pub stem: &'a str,
    pub action: &'a str,
    pub auth: &'a str,
    pub user: &'a str,
    pub anchor: &'a str,
    pub agent: &'a str,
    pub client: &'a str,
    pub server: &'a str,
    pub status: u16,
    pub backend: u16,
    pub error: &'a str,
    pub method: &'a str,
    pub target: &'a str,
    pub query: &'a str,
}

impl Request<'_> {
    /// Adds it; sizes and times are drawn.
    pub(crate) fn add(&self, out: &mut Batch, dice: &mut Dice, micros: i64) {
        let took = 4 + dice.within(0..60) * dice.within(1..8);
        let half = took / 2;
        let (received, sent) = (dice.within(300..9000), dice.within(200..60_000));
        let (id, request) = (dice.guid(), dice.word());
        let signed = if self.user.is_empty() { "" } else { "true" };
        out.add(micros, |out| {
            put!(
                out,
                "{},{id},15,1,2176,14,{{{:08X}-{:04X}}},{},{},{},{},{},{signed},{},,{},{},{},{},{},{},{},{},Proxy,{},\
                 15.01.2176.000,IntraForest,",
                Stamp::new(micros).iso_millis(),
                request as u32,
                (request >> 32) as u16,
                self.protocol,
                self.host,
                self.stem,
                self.action,
                self.auth,
                self.user,
                self.anchor,
                quoted(self.agent),
                self.client,
                self.server,
                self.status,
                blank(self.backend),
                self.error,
                self.method,
                self.target,
            );
            put!(
                out,
                "WindowsIdentity,,,,{received},{sent},1,,{},1,,0,1;,1,,0,1,0;,0,{took},0,0,1,0,{half},0,0,0,1,2,\
                 {took},0,{half},3,0,4,{},,{},,BeginRequest={};CorrelationID=<empty>;ProxyState-Run=None;\
                 ProxyState-Complete=CalculateBackEnd;SharedCacheGuard=0;EndRequest={};,{},,,,0,CafeV1",
                took % 7,
                took + 3,
                quoted(self.query),
                Stamp::new(micros - took as i64 * 1000).iso_millis(),
                Stamp::new(micros).iso_millis(),
                if self.error.is_empty() { "" } else { "HttpException=Request is unauthorized;" },
            );
        });
    }
}

fn blank(status: u16) -> String {
    if status == 0 { String::new() } else { status.to_string() }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
