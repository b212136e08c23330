//! Faults on request: what shall go wrong, where and how often. Making it go wrong is left to `gate`.

use serde::Deserialize;
use utoipa::ToSchema;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Waits `ms` before the work is done.
    Slow,
    /// Answers HTTP `status` instead of doing the work.
    Status,
    /// Closes the connection without an answer; the work is not done.
    DropBefore,
    /// Does the work, then closes the connection without an answer.
    DropAfter,
    /// Does the work, then answers half a JSON text.
    Garbage,
    /// Refuses with `errorCode` in the envelope instead of doing the work.
    Refuse,
}

/// Asks for a fault.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Which calls: a path such as `/trade/orders`, a pattern such as `/goods/{goodsId}`, or a beginning such as
    /// `/trade/*`. Control calls never fail.
    #[serde(rename = "match")]
    pub path: String,
    /// Only this HTTP method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How long `slow` waits; 1000 when absent.
    #[serde(default)]
    pub ms: Option<u64>,
    /// What `status` answers; 503 when absent.
    #[serde(default)]
    #[schema(minimum = 400, maximum = 599)]
    pub status: Option<u16>,
    /// The code of `status` and `refuse`; `SYSTEM_BUSY` when absent.
    #[serde(default)]
    pub error_code: Option<String>,
    /// How often; −1 until cleared, 1 when absent.
    #[serde(default)]
    pub times: Option<i64>,
}

/// Faults that wait to happen, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Vec<Fault>,
}

impl Faults {
    /// Adds one.
    pub fn add(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    /// Forgets all; says how many there were.
    pub fn clear(&mut self) -> usize {
        std::mem::take(&mut self.waiting).len()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the fault that is to happen to a call, and counts it.
    pub fn take(&mut self, method: &str, path: &str, pattern: &str) -> Option<Fault> {
        let place = self.waiting.iter().position(|fault| fault.hits(method, path, pattern))?;
        let fault = self.waiting.get_mut(place)?;
        let taken = fault.clone();
        match fault.times.unwrap_or(1) {
            ..0 => {}
            0 | 1 => drop(self.waiting.remove(place)),
            left => fault.times = Some(left - 1),
        }
        Some(taken)
    }
}

impl Fault {
    fn hits(&self, method: &str, path: &str, pattern: &str) -> bool {
        let right_path = match self.path.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => self.path == path || self.path == pattern,
        };
        right_path && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }

    /// Reads the request header `X-Sandbox-Fault: slow; ms=500`.
    pub fn from_header(text: &str) -> Option<Fault> {
        let mut parts = text.split(';').map(str::trim);
        let kind = match parts.next()? {
            "slow" => FaultKind::Slow,
            "status" => FaultKind::Status,
            "drop_before" => FaultKind::DropBefore,
            "drop_after" => FaultKind::DropAfter,
            "garbage" => FaultKind::Garbage,
            "refuse" => FaultKind::Refuse,
            _ => return None,
        };
        let mut fault =
            Fault { path: String::new(), method: None, kind, ms: None, status: None, error_code: None, times: None };
        for part in parts {
            match part.split_once('=')? {
                ("ms", value) => fault.ms = Some(value.parse().ok()?),
                ("status", value) => fault.status = Some(value.parse().ok()?),
                ("errorCode", value) => fault.error_code = Some(value.to_owned()),
                _ => return None,
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind, Faults};

    fn fault(path: &str, times: Option<i64>) -> Fault {
        Fault { path: path.to_owned(), times, ..Fault::from_header("drop_after").unwrap() }
    }

    #[test]
    fn a_fault_happens_as_often_as_asked_and_only_there() {
        let mut faults = Faults::default();
        faults.add(fault("/trade/orders", Some(2)));
        assert!(faults.take("POST", "/trade/orders/7/pay", "/trade/orders/{orderNo}/pay").is_none());
        assert!(faults.take("POST", "/trade/orders", "/trade/orders").is_some());
        assert!(faults.take("POST", "/trade/orders", "/trade/orders").is_some());
        assert!(faults.take("POST", "/trade/orders", "/trade/orders").is_none());
        faults.add(fault("/trade/*", Some(-1)));
        for _ in 0..3 {
            assert!(faults.take("GET", "/trade/orders/7", "/trade/orders/{orderNo}").is_some());
        }
        assert_eq!(faults.clear(), 1);
    }

    #[test]
    fn a_header_asks_for_one_fault() {
        let slow = Fault::from_header("slow; ms=500").unwrap();
        assert_eq!((slow.kind, slow.ms), (FaultKind::Slow, Some(500)));
        for wrong in ["", "explode", "slow; ms=soon", "slow; why=not"] {
            assert!(Fault::from_header(wrong).is_none(), "{wrong}");
        }
    }
}
