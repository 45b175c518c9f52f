//! Sign-in and audit logs of Entra, as they are exported.

use crate::batch::{Batch, put};
use crate::calendar::Stamp;
use crate::dice::Dice;
use crate::formats::json;
use crate::world::{Person, World};

/// A sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignIn<'a> {
    pub person: &'a Person,
    pub client: &'a str,
    pub application: &'a str,
    /// `Browser`, `Mobile Apps and Desktop clients`, `Authenticated SMTP` and so on.
    pub through: &'a str,
    pub agent: &'a str,
    /// 0 for success.
    pub error: u32,
    pub reason: &'a str,
    pub place: (&'a str, &'a str),
    /// Whether the device is managed.
    pub managed: bool,
}

/// Adds a sign-in.
pub(crate) fn sign_in(out: &mut Batch, dice: &mut Dice, world: &World, micros: i64, sign_in: &SignIn<'_>) {
    let SignIn { person, client, application, through, error, reason, place: (city, country), .. } = sign_in;
    let (id, correlation) = (dice.guid(), dice.guid());
    let device = if sign_in.managed { person.workstation.as_str() } else { "" };
    let success = *error == 0;
    out.add(micros, |out| {
        put!(
            out,
            "{{\"id\":\"{id}\",\"createdDateTime\":\"{}\",\"userDisplayName\":\"{}\",\"userPrincipalName\":\"{}\",\
             \"userId\":\"{}\",\"appId\":\"{:08x}-0000-0ff1-ce00-000000000000\",\"appDisplayName\":\"{application}\",\
             \"ipAddress\":\"{client}\",\"clientAppUsed\":\"{through}\",\"userAgent\":\"{}\",\
             \"correlationId\":\"{correlation}\",\"conditionalAccessStatus\":\"{}\",\"isInteractive\":true,\
             \"riskDetail\":\"none\",\"riskLevelAggregated\":\"none\",\"riskLevelDuringSignIn\":\"none\",\
             \"riskState\":\"none\",\"resourceDisplayName\":\"{}\",\"resourceTenantId\":\"{}\",",
            Stamp::new(micros).iso_millis(),
            json(&person.display()),
            person.mail,
            person.object,
            super::fixed(application) as u32,
            json(sign_in.agent),
            if success { "notApplied" } else { "failure" },
            if *application == "Office 365 Exchange Online" { "Office 365 Exchange Online" } else { "Microsoft Graph" },
            world.tenant,
        );
        put!(
            out,
            "\"status\":{{\"errorCode\":{error},\"failureReason\":\"{}\",\"additionalDetails\":{}}},\
             \"deviceDetail\":{{\"deviceId\":\"\",\"displayName\":\"{device}\",\"operatingSystem\":\"Windows 10\",\
             \"browser\":\"\",\"isCompliant\":{managed},\"isManaged\":{managed},\"trustType\":\"{}\"}},\
             \"location\":{{\"city\":\"{city}\",\"state\":\"\",\"countryOrRegion\":\"{country}\",\
             \"geoCoordinates\":{{\"altitude\":null,\"latitude\":null,\"longitude\":null}}}},\
             \"authenticationDetails\":[{{\"authenticationStepDateTime\":\"{}\",\"authenticationMethod\":\"Password\",\
             \"authenticationMethodDetail\":\"Password in the cloud\",\"succeeded\":{success},\
             \"authenticationStepResultDetail\":\"{}\"}}],\"appliedConditionalAccessPolicies\":[]}}",
            if reason.is_empty() { "Other." } else { reason },
            if success { "\"MFA requirement satisfied by claim in the token\"" } else { "null" },
            if sign_in.managed { "Hybrid Azure AD joined" } else { "" },
            Stamp::new(micros).iso_millis(),
            if success { "Correct password" } else { "Invalid username or password" },
            managed = sign_in.managed,
        );
    });
}

/// Something that an administrator or the directory did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub activity: &'a str,
    pub category: &'a str,
    pub by: &'a str,
    pub client: &'a str,
    pub target: &'a str,
    pub target_type: &'a str,
    /// Members of `modifiedProperties`, in JSON.
    pub properties: &'a str,
}

/// Adds a record of the directory's audit log.
pub(crate) fn change(out: &mut Batch, dice: &mut Dice, micros: i64, change: &Change<'_>) {
    let Change { activity, category, by, client, target, target_type, properties } = change;
    let (id, correlation, actor, object) = (dice.guid(), dice.guid(), dice.guid(), dice.guid());
    out.add(micros, |out| {
        put!(
            out,
            "{{\"id\":\"Directory_{id}\",\"category\":\"{category}\",\"correlationId\":\"{correlation}\",\
             \"result\":\"success\",\"resultReason\":\"\",\"activityDisplayName\":\"{activity}\",\
             \"activityDateTime\":\"{}\",\"loggedByService\":\"Core Directory\",\"operationType\":\"Update\",\
             \"initiatedBy\":{{\"app\":null,\"user\":{{\"id\":\"{actor}\",\"displayName\":null,\
             \"userPrincipalName\":\"{by}\",\"ipAddress\":\"{client}\"}}}},\"targetResources\":[{{\"id\":\"{object}\",\
             \"displayName\":\"{}\",\"type\":\"{target_type}\",\"modifiedProperties\":[{properties}]}}],\
             \"additionalDetails\":[]}}",
            Stamp::new(micros).iso_millis(),
            json(target),
        );
    });
}
