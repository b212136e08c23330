//! Changes to keys: issued, rotated with an overlap, retired, suspended; and sealed anew under a newer master key.

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::audit::Who;
use crate::model::ids::PartnerId;
use crate::model::partner::{Mode, Scopes};
use crate::partners::apps;
use crate::partners::changes::note;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::load::{read_nets, sealed, secret_of};
use crate::partners::records::{id_mode, mode_of};
use crate::signing::http_message::{Algorithm, Ed25519Public};
use crate::signing::key_format::{KeyId, Secret};
use crate::sql::{Arg, Row, args};

/// What a key may do, from where, and until when.
#[derive(Clone, Debug)]
pub struct KeyPolicy {
    /// Live or sandbox.
    pub mode: Mode,
    /// What it may do.
    pub scopes: Scopes,
    /// Networks it may be used from; empty for anywhere.
    pub allowed: Vec<IpNet>,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// What requests will be signed with.
#[derive(Clone, Debug)]
pub enum Material {
    /// `hmac-sha256`: we make a secret and show it once.
    SharedSecret,
    /// `ed25519`: the partner brought the public half.
    Public(Ed25519Public),
}

/// A key that was just issued; the only time that its secret is seen.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The key id.
    pub key_id: KeyId,
    /// The algorithm to sign with.
    pub algorithm: Algorithm,
    /// The secret of an `hmac-sha256` key.
    pub secret: Option<Secret>,
    /// When the key ends.
    pub expires_at: Option<Timestamp>,
}

/// How a key is replaced.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// How long the old key still counts.
    pub overlap: SignedDuration,
    /// What the new key signs with; of the old key's algorithm.
    pub material: Material,
    /// When the new key ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// A key ready to be written.
struct Draft {
    id: KeyId,
    secret: Option<Secret>,
    algorithm: Algorithm,
    columns: Vec<Arg>,
}

const INSERT: &str = "INSERT INTO partner_keys (id, partner, scopes, allowed, created_at, expires_at, rotated_from, \
    algorithm, master_version, wrapped_key, sealed_secret, public_key) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

impl Directory {
    /// Issues a key to a partner.
    pub async fn issue_key(
        &self,
        actor: impl Into<Who>,
        partner: &PartnerId,
        policy: KeyPolicy,
        material: Material,
    ) -> Result<Issued, Error> {
        self.check_end(policy.expires_at)?;
        let mut draft = self.draft(partner.as_str(), &policy, &material, None)?;
        let detail = format!("partner {partner}, {}, {}, {}", policy.mode.name(), draft.algorithm, policy.scopes);
        let entry = self.entry(actor, "key.issue", draft.id.as_str(), detail);
        let (columns, owner) = (std::mem::take(&mut draft.columns), partner.to_string());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let known = tx.fetch_optional("SELECT id FROM partners WHERE id = $1", args![&owner]).await?;
                known.ok_or(Error::NoSuchPartner(owner))?;
                tx.execute(INSERT, columns).await?;
                note(tx, &entry).await.map_err(Error::from)
            })
        });
        self.changed(written.await).await?;
        Ok(draft.issued(policy.expires_at))
    }

    /// Issues a new key with the old one's partner, mode, scopes and networks; the old one ends after the overlap.
    pub async fn rotate_key(&self, actor: impl Into<Who>, key_id: &str, rotation: Rotation) -> Result<Issued, Error> {
        self.check_end(rotation.expires_at)?;
        let old = self.find_row(key_id).await?;
        same_algorithm(&old, &rotation.material)?;
        let policy = policy_of(&old, rotation.expires_at)?;
        let mut draft = self.draft(&old.text("partner")?, &policy, &rotation.material, Some(key_id))?;
        let now = self.clock.now();
        let last = now.saturating_add(rotation.overlap).map_err(|_| Error::EndsInThePast)?;
        let detail = format!("to {}, the old key counts until {last}", draft.id);
        let entry = self.entry(actor, "key.rotate", key_id, detail);
        let (columns, id) = (std::mem::take(&mut draft.columns), key_id.to_owned());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                // The old key never ends later than it would have anyway, and one that has ended is not revived.
                let text = "UPDATE partner_keys SET expires_at = CASE WHEN expires_at < $1 THEN expires_at ELSE $1 END \
                    WHERE id = $2 AND retired_at IS NULL AND (expires_at IS NULL OR expires_at > $3)";
                if tx.execute(text, args![last.as_millisecond(), &id, now.as_millisecond()]).await? == 0 {
                    return Err(Error::KeyEnded(id));
                }
                tx.execute(INSERT, columns).await?;
                note(tx, &entry).await.map_err(Error::from)
            })
        });
        self.changed(written.await).await?;
        Ok(draft.issued(rotation.expires_at))
    }

    /// Withdraws a key at once and for ever.
    pub async fn retire_key(&self, actor: impl Into<Who>, key_id: &str) -> Result<(), Error> {
        self.find_row(key_id).await?;
        let entry = self.entry(actor, "key.retire", key_id, String::new());
        let at = Some(entry.at.as_millisecond());
        self.set_moment("UPDATE partner_keys SET retired_at = $1 WHERE id = $2 AND retired_at IS NULL", at, entry)
            .await?
            .ok_or_else(|| Error::KeyEnded(key_id.to_owned()))
    }

    /// Suspends one key until it is resumed.
    pub async fn suspend_key(&self, actor: impl Into<Who>, key_id: &str, reason: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "key.suspend", key_id, reason.to_owned());
        let at = Some(entry.at.as_millisecond());
        self.set_moment("UPDATE partner_keys SET suspended_at = $1 WHERE id = $2", at, entry)
            .await?
            .ok_or_else(|| Error::NoSuchKey(key_id.to_owned()))
    }

    /// Lets a suspended key count again.
    pub async fn resume_key(&self, actor: impl Into<Who>, key_id: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "key.resume", key_id, String::new());
        self.set_moment("UPDATE partner_keys SET suspended_at = $1 WHERE id = $2", None, entry)
            .await?
            .ok_or_else(|| Error::NoSuchKey(key_id.to_owned()))
    }

    /// Wraps every secret's data key under the current master key; gives how many were wrapped anew.
    pub async fn rewrap_keys(&self, actor: impl Into<Who>) -> Result<usize, Error> {
        let rows = self.sql.fetch_all("SELECT * FROM partner_keys WHERE sealed_secret IS NOT NULL", Vec::new()).await?;
        let mut renewed = Vec::new();
        for row in &rows {
            let id = row.text("id")?;
            if let Some(sealed) = self.sealer.rewrap(secret_of(&id), &sealed(row)?)? {
                renewed.push(args![sealed.master_version, sealed.wrapped_key, id]);
            }
        }
        let app_rows = self.sql.fetch_all("SELECT * FROM apps", Vec::new()).await?;
        let mut renewed_apps = Vec::new();
        for row in &app_rows {
            let key = row.text("app_key")?;
            if let Some(sealed) = self.sealer.rewrap(apps::secret_of(&key), &sealed(row)?)? {
                renewed_apps.push(args![sealed.master_version, sealed.wrapped_key, key]);
            }
        }
        let count = renewed.len() + renewed_apps.len();
        let version = self.sealer.current_version();
        let entry = self.entry(actor, "key.rewrap", "all", format!("{count} keys under master key {version}"));
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                for columns in renewed {
                    let text = "UPDATE partner_keys SET master_version = $1, wrapped_key = $2 WHERE id = $3";
                    tx.execute(text, columns).await?;
                }
                for columns in renewed_apps {
                    let text = "UPDATE apps SET master_version = $1, wrapped_key = $2 WHERE app_key = $3";
                    tx.execute(text, columns).await?;
                }
                note(tx, &entry).await
            })
        });
        self.changed(written.await).await?;
        Ok(count)
    }

    fn check_end(&self, expires_at: Option<Timestamp>) -> Result<(), Error> {
        if expires_at.is_some_and(|at| at <= self.clock.now()) { Err(Error::EndsInThePast) } else { Ok(()) }
    }

    async fn find_row(&self, key_id: &str) -> Result<Row, Error> {
        let text = "SELECT * FROM partner_keys WHERE id = $1";
        let row = self.sql.fetch_optional(text, args![key_id]).await?;
        row.ok_or_else(|| Error::NoSuchKey(key_id.to_owned()))
    }

    fn draft(
        &self,
        partner: &str,
        policy: &KeyPolicy,
        material: &Material,
        rotated_from: Option<&str>,
    ) -> Result<Draft, Error> {
        let id = KeyId::generate(id_mode(policy.mode), &*random::<16>()?);
        let nets: Vec<_> = policy.allowed.iter().map(IpNet::to_string).collect();
        let mut columns = args![
            id.as_str(),
            partner,
            policy.scopes.to_string(),
            nets.join(" "),
            self.clock.now_ms(),
            policy.expires_at.map(Timestamp::as_millisecond),
            rotated_from,
        ];
        let (algorithm, secret) = match material {
            Material::SharedSecret => (Algorithm::HmacSha256, Some(Secret::generate(&*random::<32>()?))),
            Material::Public(_) => (Algorithm::Ed25519, None),
        };
        columns.push(algorithm.name().into());
        columns.extend(self.material_columns(&id, material, secret.as_ref())?);
        Ok(Draft { id, secret, algorithm, columns })
    }

    fn material_columns(&self, id: &KeyId, material: &Material, secret: Option<&Secret>) -> Result<Vec<Arg>, Error> {
        let public = match material {
            Material::Public(public) => Some(public.to_bytes().to_vec()),
            Material::SharedSecret => None,
        };
        let Some(secret) = secret else {
            return Ok(vec![Arg::Int(None), Arg::Bytes(None), Arg::Bytes(None), public.into()]);
        };
        let sealed = self.sealer.seal(secret_of(id.as_str()), secret.expose().as_bytes())?;
        Ok(args![sealed.master_version, sealed.wrapped_key, sealed.ciphertext, public])
    }
}

impl Draft {
    fn issued(self, expires_at: Option<Timestamp>) -> Issued {
        Issued { key_id: self.id, algorithm: self.algorithm, secret: self.secret, expires_at }
    }
}

pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

fn same_algorithm(old: &Row, material: &Material) -> Result<(), Error> {
    match (Algorithm::parse(&old.text("algorithm")?), material) {
        (Some(Algorithm::Ed25519), Material::SharedSecret) => {
            Err(Error::WrongMaterial("the key is for ed25519: give the new public key"))
        }
        (Some(Algorithm::HmacSha256), Material::Public(_)) => {
            Err(Error::WrongMaterial("the key is for hmac-sha256: it takes no public key"))
        }
        _ => Ok(()),
    }
}

fn policy_of(old: &Row, expires_at: Option<Timestamp>) -> Result<KeyPolicy, Error> {
    let id: KeyId = old.parse("id")?;
    Ok(KeyPolicy {
        mode: mode_of(id.mode()),
        scopes: old.parse("scopes")?,
        allowed: read_nets(&old.text("allowed")?)?,
        expires_at,
    })
}
