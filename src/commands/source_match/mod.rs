//! `xunyuan source-match`: a list of what a partner sells, compared by a running gateway with the partner's own key, and
//! written beside it. Exit codes: 0 every row was answered, 1 it broke off, 2 it could not start, 3 some rows have errors.

mod csv;
mod rows;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::commands::client::{Answer, Client, Draft};
use crate::commands::key_file::KeyFile;
use crate::commands::{CannotStart, StillOpen};
use rows::{Listed, RESULT, text};

/// So many rows are sent in one call.
const AT_ONCE: usize = 100;
/// How often the gateway is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Without a terminal a line is printed this often.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// A gateway that answers 429 or 503 so often in a row is given up.
const MOST_WAITS: u32 = 60;

const HOW: &str = "\
The file is CSV with a head: reference, link, picture, title, price, currency, quantity (link, picture or title is
needed, the rest may be empty; a picture is a JPEG, PNG or WebP file, named from where the list is). The result has one row for each row of the file; a row that cannot be compared says why in the column error.
  xunyuan source-match sold.csv --as partner.key          writes sold.matches.csv";

/// What is compared, and where the result goes.
#[derive(Debug, Args)]
#[command(after_help = HOW)]
pub struct Asked {
    /// CSV of what you sell today
    file: PathBuf,
    /// Key file, as `xunyuan key issue --save` and the demo write it
    #[arg(long = "as", value_name = "FILE", env = "XUNYUAN_KEY_FILE")]
    key_file: PathBuf,
    /// Where the result goes; FILE.matches.csv beside the list when left out
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Language of your titles: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id
    #[arg(long, default_value = "en")]
    language: String,
    /// ISO 3166-1 code of the destination; your account's country when left out
    #[arg(long, value_name = "CODE")]
    ship_to: Option<String>,
    /// How many candidates are looked at for each row, 1 to 10
    #[arg(long, default_value_t = 3)]
    candidates: u8,
    /// Another gateway than the key file names, e.g. http://127.0.0.1:8080
    #[arg(long)]
    url: Option<url::Url>,
}

/// How far it is, for people: a bar on a terminal, plain lines elsewhere.
struct Progress {
    bar: ProgressBar,
    plain: bool,
    told: Instant,
}

/// Reads the list, has it compared, and writes the result.
pub async fn run(asked: &Asked) -> Result<()> {
    let (listed, client) = prepare(asked).map_err(CannotStart::because)?;
    let out = asked.out.clone().unwrap_or_else(|| asked.file.with_extension("matches.csv"));
    if is_same(&asked.file, &out) {
        let why = anyhow!("{} is the list itself; name another file with --out", out.display());
        return Err(CannotStart::because(why));
    }
    let mut file = std::fs::File::create(&out)
        .with_context(|| format!("{} cannot be written", out.display()))
        .map_err(CannotStart::because)?;
    file.write_all(csv::line(&RESULT.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).as_bytes())?;
    let mut progress = Progress::new(listed.len());
    let (mut errors, mut before) = (0, 0);
    for chunk in listed.chunks(AT_ONCE) {
        let found = compared(asked, &client, chunk, before, &mut progress).await?;
        for (row, found) in chunk.iter().zip(&found) {
            let told = rows::result(row, found.as_ref());
            errors += usize::from(told.get(2).is_some_and(|state| state == "error"));
            file.write_all(csv::line(&told).as_bytes())?;
        }
        file.flush()?;
        before += chunk.len();
        progress.through(before)?;
    }
    progress.end();
    writeln!(std::io::stdout(), "{} rows, {errors} with errors: {}", listed.len(), out.display())?;
    match errors {
        0 => Ok(()),
        errors => Err(StillOpen(format!("{errors} rows could not be compared; the column error says why")).into()),
    }
}

fn prepare(asked: &Asked) -> Result<(Vec<Listed>, Client)> {
    let listed = read(&asked.file)?;
    let key = KeyFile::read(&asked.key_file)?;
    let base = asked.url.clone().map_or_else(|| key.base(), Ok)?;
    Ok((listed, Client::new(base, key.signer()?, Clock::System)?))
}

/// Whether two names are one file, however they are written.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}

fn read(path: &Path) -> Result<Vec<Listed>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let all = csv::read(&text).map_err(|broken| anyhow!("{}: {broken}", path.display()))?;
    let (head, list) = all.split_first().with_context(|| format!("{} is empty", path.display()))?;
    let columns = rows::columns(head).map_err(|wrong| anyhow!("{}, line {}: {wrong}", path.display(), head.line))?;
    if list.is_empty() {
        bail!("{} has a head and no rows", path.display());
    }
    Ok(list.iter().map(|row| rows::listed(row, &columns)).collect())
}

/// What was found for each row of a chunk. Rows that the gateway does not take as they are say so in their place, and the
/// others are sent without them.
async fn compared(
    asked: &Asked,
    client: &Client,
    chunk: &[Listed],
    before: usize,
    progress: &mut Progress,
) -> Result<Vec<Option<Value>>> {
    let mut found: Vec<Option<Value>> = vec![None; chunk.len()];
    let mut open: Vec<usize> =
        (0..chunk.len()).filter(|at| chunk.get(*at).is_some_and(|row| row.item.is_ok())).collect();
    let mut items = Vec::with_capacity(open.len());
    for at in std::mem::take(&mut open) {
        let Some((Ok(mut item), picture)) = chunk.get(at).map(|row| (row.item.clone(), &row.picture)) else { continue };
        match upload(asked, client, picture.as_deref()).await? {
            Ok(Some(id)) => item["image_id"] = json!(id),
            Ok(None) => {}
            Err(wrong) => {
                if let Some(slot) = found.get_mut(at) {
                    *slot = Some(json!({"state": "failed", "problem": wrong}));
                }
                continue;
            }
        }
        open.push(at);
        items.push(item);
    }
    while !open.is_empty() {
        let mut body = json!({"items": items, "language": asked.language, "max_candidates": asked.candidates});
        if let Some(country) = &asked.ship_to {
            body["ship_to_country"] = json!(country);
        }
        let answer = patient(client, &Draft::post("/v1/source-matches", &body)).await?;
        if answer.status == 400 {
            let wrong = wrong_items(&answer.json());
            if wrong.is_empty() {
                return Err(CannotStart::because(anyhow!("the gateway refused: {}", answer.json())));
            }
            for (place, detail) in &wrong {
                if let Some(slot) = open.get(*place).and_then(|at| found.get_mut(*at)) {
                    *slot = Some(json!({"state": "failed", "problem": "invalid_request", "detail": detail}));
                }
            }
            let mut places = open.iter();
            items.retain(|_| places.next().and_then(|at| found.get(*at)).is_some_and(Option::is_none));
            open.retain(|at| found.get(*at).is_some_and(Option::is_none));
            continue;
        }
        if !(200..300).contains(&answer.status) {
            bail!("the gateway answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        let all = finished(client, answer.json(), before, progress).await?;
        for (at, item) in open.iter().zip(all) {
            if let Some(slot) = found.get_mut(*at) {
                *slot = Some(item);
            }
        }
        break;
    }
    Ok(found)
}

/// Gives the gateway a row's picture; its id, or what is wrong with the file.
async fn upload(asked: &Asked, client: &Client, picture: Option<&str>) -> Result<Result<Option<String>, String>> {
    let Some(name) = picture else { return Ok(Ok(None)) };
    let path = asked.file.parent().unwrap_or(Path::new("")).join(name);
    let kind = path.extension().and_then(|end| end.to_str()).map(str::to_lowercase).unwrap_or_default();
    let media_type = match kind.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        _ => return Ok(Err(format!("picture: {name} is no JPEG, PNG or WebP file by its name"))),
    };
    let body = match std::fs::read(&path) {
        Ok(body) => body,
        Err(error) => return Ok(Err(format!("picture: {} cannot be read: {error}", path.display()))),
    };
    let headers = vec![("content-type".to_owned(), media_type.to_owned())];
    let draft = Draft { method: "POST".into(), body, headers, ..Draft::get("/v1/images") };
    let answer = patient(client, &draft).await?;
    let told = answer.json();
    match answer.status {
        200..300 => Ok(Ok(Some(text(&told, "/image_id")))),
        400..500 => Ok(Err(format!("picture: {}", text(&told, "/detail")))),
        status => bail!("the gateway answered {status} to a picture: {told}"),
    }
}

/// Places of items that are wrong, and what is wrong with them.
fn wrong_items(problem: &Value) -> Vec<(usize, String)> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for error in errors {
        let pointer = text(error, "/pointer");
        let Some(rest) = pointer.strip_prefix("#/items/") else { continue };
        let (place, member) = rest.split_once('/').unwrap_or((rest, ""));
        let Ok(place) = place.parse::<usize>() else { continue };
        let detail = format!("{member}: {}", text(error, "/detail"));
        match wrong.iter_mut().find(|(known, _)| *known == place) {
            Some((_, known)) => *known = format!("{known}; {detail}"),
            None => wrong.push((place, detail)),
        }
    }
    wrong
}

/// Waits until a comparison is finished, and reads all its items.
async fn finished(client: &Client, mut whole: Value, before: usize, progress: &mut Progress) -> Result<Vec<Value>> {
    let path = format!("/v1/source-matches/{}", text(&whole, "/id"));
    loop {
        let done = whole["progress"]["done"].as_u64().unwrap_or(0);
        progress.at(before + usize::try_from(done).unwrap_or(0))?;
        if whole["state"] == "finished" {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        whole = read_page(client, &format!("{path}?limit=1")).await?;
    }
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let page = read_page(client, &format!("{path}?limit=50{after}")).await?;
        items.extend(page["items"].as_array().cloned().unwrap_or_default());
        cursor = text(&page, "/next_cursor");
        if cursor.is_empty() {
            return Ok(items);
        }
    }
}

async fn read_page(client: &Client, path: &str) -> Result<Value> {
    let answer = patient(client, &Draft::get(path)).await?;
    if answer.status != 200 {
        bail!("{path} was answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(answer.json())
}

/// Asks, and waits as long as the gateway says when there is too much to do.
async fn patient(client: &Client, draft: &Draft) -> Result<Answer> {
    for _ in 0..MOST_WAITS {
        let answer = client.ask(draft).await?;
        if !matches!(answer.status, 429 | 503) {
            return Ok(answer);
        }
        let wait = answer.field("retry-after").parse().unwrap_or(1_u64).clamp(1, 60);
        tokio::time::sleep(Duration::from_secs(wait)).await;
    }
    bail!("the gateway kept answering that there is too much to do; the rows written so far stay in the result")
}

impl Progress {
    fn new(rows: usize) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(rows as u64), target);
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, plain, told: Instant::now() }
    }

    /// So many rows are compared, of which the last call may not be written yet.
    fn at(&mut self, done: usize) -> Result<()> {
        self.bar.set_position(done as u64);
        if self.plain && self.told.elapsed() >= LINE_EVERY { self.line(done) } else { Ok(()) }
    }

    /// So many rows are written.
    fn through(&mut self, done: usize) -> Result<()> {
        self.bar.set_position(done as u64);
        if self.plain { self.line(done) } else { Ok(()) }
    }

    fn line(&mut self, done: usize) -> Result<()> {
        self.told = Instant::now();
        Ok(writeln!(std::io::stderr(), "{done} of {} rows", self.bar.length().unwrap_or(0))?)
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::wrong_items;
    use serde_json::json;

    #[test]
    fn what_the_gateway_finds_wrong_goes_to_its_row() {
        let problem = json!({"errors": [
            {"pointer": "#/items/3/link", "detail": "A whole link."},
            {"pointer": "#/items/3/price/amount", "detail": "More than nothing."},
            {"pointer": "#/language", "detail": "One of zh."}]});
        let wrong = wrong_items(&problem);
        assert_eq!(wrong, [(3, "link: A whole link.; price/amount: More than nothing.".to_owned())]);
        assert!(wrong_items(&json!({"errors": [{"pointer": "#/language"}]})).is_empty());
    }
}
