use crate::dice::Dice;

/// A machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    /// Short name.
    pub name: String,
    /// Full name.
    pub fqdn: String,
    /// Address.
    pub ip: String,
}

/// The machines that have a role.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// Exchange server.
    pub ex: Host,
    /// Windows file server.
    pub fs: Host,
    /// Domain controller.
    pub dc: Host,
    /// Network storage: Samba on Linux.
    pub nas: Host,
    /// Mail gateway: Postfix on Linux.
    pub gw: Host,
    /// Web proxy.
    pub px: Host,
    /// From where administrators work.
    pub jump: Host,
    /// Backup server.
    pub backup: Host,
    /// Monitoring.
    pub monitor: Host,
    /// Vulnerability scanner.
    pub scanner: Host,
    /// Software deployment.
    pub deploy: Host,
    /// Load balancer before the Exchange server, which keeps the client's address.
    pub balancer: Host,
    /// An administrator's workstation, whose logs were collected.
    pub desk: Host,
}

impl Hosts {
    /// Draws names and addresses.
    pub(super) fn new(dice: &mut Dice, netbios: &str, realm: &str) -> Self {
        let style = dice.below(3);
        let site = dice.pick(&["lon", "hq", "dc1", "srv", "main"]);
        let net = format!("10.{}.{}", dice.within(8..200), dice.within(1..60));
        let mut last = dice.within(8..24);
        let mut host = |role: &str| {
            last += 1 + dice.within(0..6);
            let number = dice.within(1..4);
            let name = match style {
                0 => format!("{netbios}-{role}{number:02}"),
                1 => format!("{}{role}{number}", site.to_uppercase()),
                _ => format!("{role}-{}-{number:02}", site.to_uppercase()),
            };
            Host { fqdn: format!("{}.{realm}", name.to_lowercase()), ip: format!("{net}.{last}"), name }
        };
        Self {
            ex: host("EX"),
            fs: host("FS"),
            dc: host("DC"),
            nas: host("NAS"),
            gw: host("GW"),
            px: host("PX"),
            jump: host("ADM"),
            backup: host("BKP"),
            monitor: host("MON"),
            scanner: host("VS"),
            deploy: host("CM"),
            balancer: host("LB"),
            desk: host("WS"),
        }
    }

    /// The host of a role, as scenarios name it.
    pub(crate) fn role(&self, role: &str) -> &Host {
        match role {
            "FS" => &self.fs,
            "DC" => &self.dc,
            "NAS" => &self.nas,
            "GW" => &self.gw,
            "PX" => &self.px,
            "WS" => &self.desk,
            _ => &self.ex,
        }
    }
}
