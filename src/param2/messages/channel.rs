//! The message channel: a WebSocket on which an app, once it has signed a `CONNECT`, is sent what it has not had and
//! confirms what it took. Nothing is kept for a channel: whoever connects again hears what is not confirmed.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use tokio::time::timeout;

use crate::auth::{App, AppFrame, Unproven};
use crate::edge::address;
use crate::edge::crowd::Guest;
use crate::edge::visit::Shared;
use crate::limits::{Priority, cost};
use crate::model::partner::Scope;
use crate::param2::gate::Gate;
use crate::param2::messages::desk::Place;
use crate::param2::messages::frame::{Received, Saying};
use crate::webhooks::{Listener, Wanted, Webhooks};

/// A frame is no longer than this: confirmations are short.
const MOST_FRAME_BYTES: usize = 16 * 1024;
/// How long a client may take to say who it is.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Clients send a heartbeat every 30 seconds; after three that did not come the channel ends.
const SILENT_FOR: Duration = Duration::from_secs(90);
/// How long a client may take to take a frame.
const TAKE_WITHIN: Duration = Duration::from_secs(30);
/// News of other nodes, and what was not confirmed, are looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Opens a channel.
pub async fn open(request: HttpRequest, payload: Payload) -> Result<HttpResponse, actix_web::Error> {
    Shared::of(&request).with(|visit| visit.operation = Some("message_channel"));
    let (Some(gate), Some(webhooks)) = (request.app_data::<Data<Gate>>(), request.app_data::<Data<Webhooks>>()) else {
        return Ok(HttpResponse::InternalServerError().finish());
    };
    let (response, session, stream) = actix_ws::handle(&request, payload)?;
    let stream = stream.max_frame_size(MOST_FRAME_BYTES).aggregate_continuations();
    let channel = Channel {
        address: address::caller(&request, &gate.trusted_proxies),
        gate: gate.clone(),
        webhooks: webhooks.clone(),
        session,
        stream: stream.max_continuation_size(MOST_FRAME_BYTES),
        app_key: String::new(),
    };
    // Its connection is not idle as long as it is open.
    let busy = request.conn_data::<Guest>().and_then(Guest::begin);
    actix_web::rt::spawn(async move {
        let _busy = busy;
        channel.run().await;
    });
    Ok(response)
}

struct Channel {
    gate: Data<Gate>,
    webhooks: Data<Webhooks>,
    session: Session,
    stream: AggregatedMessageStream,
    address: IpAddr,
    app_key: String,
}

/// Why a channel ends.
enum End {
    /// The client left, or takes nothing any more.
    Gone,
    /// It is told why.
    Told(CloseCode, String),
}

impl Channel {
    async fn run(mut self) {
        let ended = match timeout(CONNECT_WITHIN, self.connect()).await {
            Ok(Ok((app, place))) => self.serve(&app, &place).await,
            Ok(Err(end)) => end,
            Err(_) => End::Told(CloseCode::Policy, "no CONNECT came".to_owned()),
        };
        let reason = match ended {
            End::Gone => None,
            End::Told(code, words) => {
                let told = if code == CloseCode::Restart { Saying::Close } else { Saying::System(&words) };
                // Whoever does not take this does not take it.
                let _ = self.say(told).await;
                Some(CloseReason { code, description: Some(words) })
            }
        };
        let _ = timeout(TAKE_WITHIN, self.session.close(reason)).await;
    }

    /// The app that the first frame proves, and its place.
    async fn connect(&mut self) -> Result<(std::sync::Arc<App>, Place), End> {
        let frame = loop {
            let frame = self.next().await?;
            // Some clients beat before they are connected.
            if frame.r#type.as_deref() != Some("HEARTBEAT") {
                break frame;
            }
        };
        let refused = |words: &str| End::Told(CloseCode::Policy, words.to_owned());
        if frame.r#type.as_deref() != Some("CONNECT") {
            return Err(refused("the first frame is a CONNECT"));
        }
        let key = frame.app_key.as_deref().unwrap_or_default();
        key.clone_into(&mut self.app_key);
        let signed = AppFrame {
            app_key: key,
            content: frame.content.as_deref(),
            sent_ms: frame.sent_ms.unwrap_or_default(),
            signature: frame.sign.as_deref(),
            address: self.address,
        };
        let app = self.gate.apps.prove_frame(&signed).map_err(|why| match why {
            Unproven::Missing => refused("Signature missing"),
            Unproven::Invalid => refused("Invalid signature."),
            Unproven::Throttled(seconds) => refused(&format!("too many wrong signatures; try again in {seconds} s")),
        })?;
        self.admit(&app).await.map_err(|words| refused(&words))?;
        app.used.note(self.gate.clock.now_ms());
        let place = self.gate.desk.enter(&app.key);
        let place = place.ok_or_else(|| End::Told(CloseCode::Again, "the app has too many channels".to_owned()))?;
        self.say(Saying::Welcome).await?;
        Ok((app, place))
    }

    /// Whether the app may hear messages, now; a channel costs as much as a page of events.
    async fn admit(&self, app: &App) -> Result<(), String> {
        let declined = || "AppKey is not allowed(acl)".to_owned();
        self.gate.apps.admit(app, self.address).map_err(|_| declined())?;
        let caller = app.caller();
        if !caller.scopes.has(Scope::EventsRead) {
            return Err(declined());
        }
        let permit = self.gate.limits.admit_as(&caller, cost::of("list_events"), Priority::Trade).await;
        permit.map(drop).map_err(|_| "App call exceeds limited frequency".to_owned())
    }

    async fn serve(&mut self, app: &App, place: &Place) -> End {
        let listener = Listener {
            app: app.key.to_string(),
            partner: app.partner.id.clone(),
            mode: app.mode,
            since_ms: app.created_at.as_millisecond(),
        };
        let (mut news, mut heard) = (self.webhooks.news(), Instant::now());
        loop {
            if let Err(end) = self.push(&listener, place).await {
                return end;
            }
            let step = tokio::select! {
                frame = self.stream.recv() => Some(frame),
                changed = news.changed() => changed.err().map(|_| None),
                () = tokio::time::sleep(LOOK_EVERY) => None,
            };
            match step {
                None => {}
                Some(frame) => {
                    heard = Instant::now();
                    match self.read(frame).await {
                        Ok(Some(frame)) => {
                            if let Err(end) = self.hear(frame, &listener, place).await {
                                return end;
                            }
                        }
                        Ok(None) => {}
                        Err(end) => return end,
                    }
                }
            }
            if heard.elapsed() > SILENT_FOR {
                return End::Told(CloseCode::Policy, "no heartbeat came".to_owned());
            }
            if self.gate.draining.load(Ordering::Relaxed) {
                return End::Told(CloseCode::Restart, "this node is about to stop; connect again".to_owned());
            }
            if !self.counts(app) {
                return End::Told(CloseCode::Policy, "AppKey is not allowed(acl)".to_owned());
            }
        }
    }

    /// Whether the app may still hear; it may have been withdrawn meanwhile.
    fn counts(&self, app: &App) -> bool {
        let now = self.gate.apps.find(&app.key);
        now.is_some_and(|app| self.gate.apps.admit(&app, self.address).is_ok())
    }

    /// Sends what is to be sent now.
    async fn push(&mut self, listener: &Listener, place: &Place) -> Result<(), End> {
        let limit = u32::try_from(place.look_at()).unwrap_or(u32::MAX);
        let waiting = match self.webhooks.unheard(listener, &Wanted::default(), limit).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::warn!(%error, "messages cannot be read; it is tried again");
                return Ok(());
            }
        };
        let ids: Vec<_> = waiting.iter().map(|message| message.id).collect();
        let taken = place.take(&ids, Instant::now());
        for message in waiting.iter().filter(|message| taken.contains(&message.id)) {
            self.say(Saying::Push(message)).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, frame: Received, listener: &Listener, place: &Place) -> Result<(), End> {
        match frame.r#type.as_deref() {
            Some("CONFIRM") => {
                let Some(id) = frame.related else { return Ok(()) };
                match self.webhooks.confirm(listener, &[id]).await {
                    Ok(_) => place.settle(id),
                    // It is sent again, and confirmed then.
                    Err(error) => tracing::warn!(%error, "a message could not be confirmed"),
                }
                Ok(())
            }
            // Its answer to a connection that lasts.
            Some("CONNECT") => self.say(Saying::Welcome).await,
            Some("CLOSE") => Err(End::Gone),
            _ => Ok(()),
        }
    }

    /// The next frame, whatever it is.
    async fn next(&mut self) -> Result<Received, End> {
        loop {
            let frame = self.stream.recv().await;
            if let Some(frame) = self.read(frame).await? {
                return Ok(frame);
            }
        }
    }

    /// A frame of the protocol; none for what belongs to the socket.
    async fn read(
        &mut self,
        frame: Option<Result<AggregatedMessage, actix_ws::ProtocolError>>,
    ) -> Result<Option<Received>, End> {
        let text = match frame {
            Some(Ok(AggregatedMessage::Text(text))) => text,
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                return self.session.pong(&bytes).await.map(|()| None).map_err(|_| End::Gone);
            }
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(None),
            Some(Ok(AggregatedMessage::Binary(_))) => {
                return Err(End::Told(CloseCode::Unsupported, "frames are texts".to_owned()));
            }
            Some(Ok(AggregatedMessage::Close(_))) | None => return Err(End::Gone),
            Some(Err(_)) => return Err(End::Told(CloseCode::Size, "the frame cannot be read".to_owned())),
        };
        let frame = serde_json::from_str(&text);
        frame.map(Some).map_err(|_| End::Told(CloseCode::Invalid, "frames are JSON objects".to_owned()))
    }

    async fn say(&mut self, what: Saying<'_>) -> Result<(), End> {
        let text = what.text(&self.app_key, self.gate.clock.now_ms());
        match timeout(TAKE_WITHIN, self.session.text(text)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Gone),
        }
    }
}
