//! The steps that begin with what people have at hand: a picture, or a link.

use std::io::Cursor;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{LOCALE, Walk, say, text};
use crate::commands::client::{Answer, Draft};

/// What a partner's upload looks like: less than the whole picture, compressed.
const QUALITY: u8 = 70;
/// A catalogue that was just started has looked at all of its pictures by then, also where nothing is optimised and others
/// are at work.
const DESCRIBED_WITHIN: Duration = Duration::from_secs(240);
/// What is said meanwhile.
const STILL_LOOKING: &str = if cfg!(debug_assertions) {
    "..  the catalogue still looks at its pictures: this is a development build, an optimised one takes seconds"
} else {
    "..  the catalogue still looks at its pictures"
};

impl Walk<'_> {
    /// Uploads an offer's picture without a tenth of it, and finds the offer among the first three.
    pub(super) async fn pictured(&self, offers: &[Value]) -> Result<String> {
        let offer = offers.first().context("no offer")?;
        let picture = self.live.must(&Draft::get(text(offer, "/image_url"))).await?;
        let headers = vec![("content-type".to_owned(), "image/jpeg".to_owned())];
        let body = cut(&picture.body)?;
        let image = self.live.must(&Draft { method: "POST".into(), body, headers, ..Draft::get("/v1/images") }).await?;
        let path = format!("/v1/offers?image_id={}&limit=3&{LOCALE}", text(image.json(), "/image_id"));
        let found = self.once_described(&path).await?.json();
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let place = items.iter().position(|one| one["id"] == offer["id"]).context("it is not among the first three")?;
        Ok(format!("place {}, score {}", place + 1, text(&items, &format!("/{place}/score"))))
    }

    /// A catalogue that was just started may still be looking at its pictures.
    async fn once_described(&self, path: &str) -> Result<Answer> {
        let until = Instant::now() + DESCRIBED_WITHIN;
        let mut told = false;
        loop {
            let answer = self.live.ask(&Draft::get(path)).await?;
            if answer.status == 200 {
                return Ok(answer);
            }
            let waits = matches!(answer.status, 503 | 504) && Instant::now() < until;
            ensure!(waits, "answered {}: {}", answer.status, answer.json());
            if !told {
                say(STILL_LOOKING)?;
                told = true;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Pastes what an app would share.
    pub(super) async fn pasted(&self, offers: &[Value]) -> Result<String> {
        let offer = offers.first().context("no offer")?;
        let (id, title) = (text(offer, "/id"), text(offer, "/title_original"));
        let pasted = format!("【{title}】https://detail.1688.com/offer/{id}.html 点击链接，或复制整段信息后打开");
        let draft = Draft::post(format!("/v1/links/resolve?{LOCALE}"), &json!({"link": pasted}));
        let told = self.live.must(&draft).await?.json();
        ensure!(told["offer_id"] == offer["id"], "it leads to {}", told["offer_id"]);
        Ok(format!("{}: {}", text(&told, "/form"), text(&told, "/offer/title")))
    }
}

/// A PNG as JPEG, without a tenth of its width and height.
fn cut(png: &[u8]) -> Result<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("the picture is too large")?];
    let frame = reader.next_frame(&mut pixels)?;
    ensure!(frame.color_type == png::ColorType::Rgb, "the picture has no three colours");
    let (width, height) = (usize::try_from(frame.width)? * 9 / 10, usize::try_from(frame.height)? * 9 / 10);
    let rows = pixels.chunks_exact(usize::try_from(frame.width)? * 3).take(height);
    let rgb: Vec<u8> = rows.flat_map(|row| row.iter().take(width * 3)).copied().collect();
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, QUALITY).encode(
        &rgb,
        u16::try_from(width)?,
        u16::try_from(height)?,
        jpeg_encoder::ColorType::Rgb,
    )?;
    Ok(bytes)
}
