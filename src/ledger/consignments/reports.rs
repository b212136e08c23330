//! Reports about consignments: written down before they are said, found again when nobody heard what came of them.

use jiff::Timestamp;

use super::{Consigning, words};
use crate::ledger::claims::{self, Claimed};
use crate::ledger::words::moment;
use crate::ledger::{Begun, Error, KeyUse, Ledger};
use crate::model::consignment::{OperatedBy, Report, ReportState, Said, State};
use crate::model::ids::{ConsignmentId, PartnerId, ReportId};
use crate::model::partner::Mode;
use crate::sql::{Row, Tx, args};

const COLUMNS: &str = "SELECT id, consignment, document, state, refusal, created_at, attempted_at \
    FROM consignment_reports WHERE id = $1";

impl Ledger {
    /// Claims the key and writes down what is going to be said of a partner's consignment.
    pub async fn begin_report(
        &self,
        asked: KeyUse,
        consignment: ConsignmentId,
        said: Said,
    ) -> Result<Begun<Report>, Error> {
        let now = self.clock.now();
        let begun = self
            .sql
            .transaction(move |tx| Box::pin(async move { begin(tx, asked, consignment, said, now).await }))
            .await?;
        match begun {
            Begun::Seen(answer) => Ok(Begun::Seen(answer)),
            Begun::Fresh(lease, id) => Ok(Begun::Fresh(lease, self.get_report(&id).await?)),
            Begun::Resumed(lease, id) => Ok(Begun::Resumed(lease, self.get_report(&id).await?)),
        }
    }

    /// A report, whoever's it is.
    pub async fn get_report(&self, id: &ReportId) -> Result<Report, Error> {
        let row = self.sql.fetch_optional(COLUMNS, args![id.as_str()]).await?;
        row.map_or_else(|| Err(Error::unreadable("report", id)), |row| report(&row))
    }

    /// What was said of a consignment and is not settled, oldest first.
    pub async fn list_open_reports(&self, consignment: &ConsignmentId) -> Result<Vec<Report>, Error> {
        const OPEN: &str = "SELECT id, consignment, document, state, refusal, created_at, attempted_at \
            FROM consignment_reports WHERE consignment = $1 AND state IN ('sent', 'unknown') ORDER BY created_at, id";
        self.sql.fetch_all(OPEN, args![consignment.as_str()]).await?.iter().map(report).collect()
    }

    /// Notes how far a report is while nothing has come of it for its consignment.
    pub async fn update_report(&self, report: &Report, look_at: i64) -> Result<(), Error> {
        let report = report.clone();
        self.sql.transaction(move |tx| Box::pin(async move { write(tx, &report, look_at).await })).await
    }
}

async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    consignment: ConsignmentId,
    said: Said,
    now: Timestamp,
) -> Result<Begun<ReportId>, Error> {
    const INSERT: &str = "INSERT INTO consignment_reports \
        (id, consignment, document, state, created_at, attempted_at, look_at) VALUES ($1, $2, $3, $4, $5, $5, $6)";
    let (id, now_ms) = (ReportId::fresh(), now.as_millisecond());
    let lease = match claims::claim(tx, &asked, &id, now_ms).await? {
        Claimed::Before(begun) => return Ok(begun),
        Claimed::Fresh(lease) => lease,
    };
    let (state, operated_by) = standing(tx, &asked.partner, asked.mode, &consignment).await?;
    said.may_be_said(state, operated_by).map_err(Consigning::NotNow)?;
    let row = args![
        id.as_str(),
        consignment.as_str(),
        words::write_said(&said)?,
        ReportState::Sent.name(),
        now_ms,
        now_ms + asked.lease_ms,
    ];
    tx.execute(INSERT, row).await?;
    Ok(Begun::Fresh(lease, id))
}

/// Where a partner's consignment stands, and who works on it.
async fn standing(
    tx: &mut Tx,
    partner: &PartnerId,
    mode: Mode,
    id: &ConsignmentId,
) -> Result<(State, OperatedBy), Error> {
    const FIND: &str = "SELECT state, document FROM consignments WHERE id = $1 AND partner = $2 AND mode = $3";
    let row = tx.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await?;
    let row = row.ok_or_else(|| Consigning::NotFound(id.clone()))?;
    Ok((row.parse("state")?, words::read_deed(&row.text("document")?)?.operated_by))
}

/// Writes how far a report is, unless it is settled already.
pub(super) async fn write(tx: &mut Tx, report: &Report, look_at: i64) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE consignment_reports SET state = $2, refusal = $3, attempted_at = $4, look_at = $5 \
        WHERE id = $1 AND state IN ('sent', 'unknown', 'not_sent')";
    let row = args![
        report.id.as_str(),
        report.state.name(),
        report.refusal.as_ref().map(words::write_refusal).transpose()?,
        report.attempted_at.as_millisecond(),
        look_at,
    ];
    tx.execute(UPDATE, row).await?;
    Ok(())
}

fn report(row: &Row) -> Result<Report, Error> {
    Ok(Report {
        id: row.parse("id")?,
        consignment: row.parse("consignment")?,
        said: words::read_said(&row.text("document")?)?,
        state: row.parse("state")?,
        refusal: row.opt_text("refusal")?.map(|text| words::read_refusal(&text)).transpose()?,
        created_at: moment("report", row.int("created_at")?)?,
        attempted_at: moment("report", row.int("attempted_at")?)?,
    })
}
