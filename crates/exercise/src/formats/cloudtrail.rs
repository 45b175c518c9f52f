//! CloudTrail of the account that holds backups.

use crate::batch::{Batch, put};
use crate::calendar::{SECOND, Stamp};
use crate::dice::Dice;
use crate::world::World;

/// A call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Name of the user, or of the role where `role` says so.
    pub who: &'a str,
    pub role: bool,
    pub service: &'a str,
    pub name: &'a str,
    pub client: &'a str,
    pub agent: &'a str,
    /// `requestParameters`, in JSON.
    pub parameters: &'a str,
    pub read_only: bool,
}

/// Adds a call. Times of this log are whole seconds.
pub(crate) fn add(out: &mut Batch, dice: &mut Dice, world: &World, micros: i64, call: &Call<'_>) {
    let Call { who, role, service, name, client, agent, parameters, read_only } = call;
    let account = world.cloud_account;
    let key = super::fixed(who);
    let (request, event) = (dice.guid(), dice.guid());
    let identity = if *role {
        format!(
            "{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{key:016X}:session\",\
             \"arn\":\"arn:aws:sts::{account}:assumed-role/{who}/session\",\"accountId\":\"{account}\",\
             \"accessKeyId\":\"ASIA{key:016X}\"}}"
        )
    } else {
        format!(
            "{{\"type\":\"IAMUser\",\"principalId\":\"AIDA{key:016X}\",\"arn\":\"arn:aws:iam::{account}:user/{who}\",\
             \"accountId\":\"{account}\",\"accessKeyId\":\"AKIA{key:016X}\",\"userName\":\"{who}\"}}"
        )
    };
    out.add(micros.div_euclid(SECOND) * SECOND, |out| {
        put!(
            out,
            "{{\"eventVersion\":\"1.08\",\"userIdentity\":{identity},\"eventTime\":\"{}Z\",\
             \"eventSource\":\"{service}.amazonaws.com\",\"eventName\":\"{name}\",\"awsRegion\":\"eu-west-2\",\
             \"sourceIPAddress\":\"{client}\",\"userAgent\":\"{agent}\",\"requestParameters\":{parameters},\
             \"responseElements\":null,\"requestID\":\"{request}\",\"eventID\":\"{event}\",\"readOnly\":{read_only},\
             \"eventType\":\"AwsApiCall\",\"managementEvent\":true,\"recipientAccountId\":\"{account}\",\
             \"eventCategory\":\"Management\",\"tlsDetails\":{{\"tlsVersion\":\"TLSv1.2\",\
             \"cipherSuite\":\"ECDHE-RSA-AES128-GCM-SHA256\",\
             \"clientProvidedHostHeader\":\"{service}.eu-west-2.amazonaws.com\"}}}}",
            Stamp::new(micros).iso(),
        );
    });
}
