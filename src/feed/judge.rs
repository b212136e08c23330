//! Whether what could not be taken in is a matter of that one thing or of the catalogue, and so how far a page is decided.

use crate::ledger::{self, LeftOut};
use crate::upstream;

/// So many failures in a row are no matter of single things any more.
const IN_A_ROW: usize = 5;

/// What a failed look at one thing is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The thing alone: asking for others goes well.
    OfOne,
    /// An answer that makes no sense: of the thing alone, unless the next ones make no sense either.
    Garbage,
    /// No answer: of the thing alone if others of the same page are answered.
    NoAnswer,
    /// Everything: the database or the way to the catalogue.
    Outage,
}

impl Fault {
    /// Of a failure at the ledger.
    pub fn of_ledger(error: &ledger::Error) -> Self {
        if error.is_of_the_engine() { Self::Outage } else { Self::OfOne }
    }

    /// Of a failed call.
    pub fn of_upstream(error: &upstream::Error) -> Self {
        match error {
            upstream::Error::Refused(_) => Self::OfOne,
            upstream::Error::Nonsense(_) => Self::Garbage,
            upstream::Error::Unknown { .. } => Self::NoAnswer,
            error if error.is_outage() => Self::Outage,
            upstream::Error::Denied { .. } => Self::NoAnswer,
            _ => Self::Outage,
        }
    }
}

/// What is decided of a page, in the feed's order.
#[derive(Debug)]
pub(super) struct Decided<E> {
    /// Everything up to here is.
    pub to: i64,
    /// What is to be left out up to there.
    pub left: Vec<LeftOut>,
    open: Vec<LeftOut>,
    open_to: i64,
    in_a_row: usize,
    answered: bool,
    unanswered: Option<E>,
}

impl<E> Decided<E> {
    pub(super) fn new(from: i64) -> Self {
        let (left, open) = (Vec::new(), Vec::new());
        Self { to: from, left, open, open_to: from, in_a_row: 0, answered: false, unanswered: None }
    }

    /// Nothing was asked about this change.
    pub(super) fn passed(&mut self, seq: i64) {
        if self.in_a_row == 0 {
            self.to = self.to.max(seq);
        } else {
            self.open_to = self.open_to.max(seq);
        }
    }

    /// The catalogue gave a sensible answer: what failed before was a matter of single things.
    pub(super) fn answered(&mut self, seq: i64) {
        self.answered = true;
        self.close();
        self.to = self.to.max(seq);
    }

    /// It could not be taken in; gives the failure back when the page has to be left here.
    pub(super) fn failed(&mut self, seq: i64, what: LeftOut, fault: Fault, error: E) -> Result<(), E> {
        match fault {
            Fault::Outage => return Err(error),
            Fault::OfOne if self.in_a_row == 0 => {
                self.left.push(what);
                self.to = self.to.max(seq);
                return Ok(());
            }
            Fault::OfOne => {}
            Fault::Garbage | Fault::NoAnswer => self.in_a_row += 1,
        }
        if self.in_a_row >= IN_A_ROW {
            return Err(error);
        }
        self.open.push(what);
        self.open_to = self.open_to.max(seq);
        if fault == Fault::NoAnswer {
            self.unanswered = Some(error);
        }
        Ok(())
    }

    /// The page ends; gives the failure when nobody knows whether the catalogue answers at all.
    pub(super) fn end(&mut self) -> Result<(), E> {
        match self.unanswered.take() {
            Some(error) if !self.answered => Err(error),
            _ => {
                self.close();
                Ok(())
            }
        }
    }

    fn close(&mut self) {
        self.left.append(&mut self.open);
        self.to = self.to.max(self.open_to);
        (self.in_a_row, self.unanswered) = (0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::{Decided, Fault, IN_A_ROW};
    use crate::ledger::LeftOut;
    use crate::upstream::{Error, Loss, Refusal};

    fn thing(seq: i64) -> LeftOut {
        LeftOut { kind: "order".into(), reference: seq.to_string(), why: "x".into() }
    }

    /// What a page with these faults leads to (none: answered): how far, what is left out, and whether it stopped.
    fn page(faults: &[Option<Fault>]) -> (i64, Vec<String>, bool) {
        let mut decided = Decided::new(0);
        let mut look = || {
            for (seq, fault) in (1..).zip(faults) {
                match fault {
                    None => decided.answered(seq),
                    Some(fault) => decided.failed(seq, thing(seq), *fault, ())?,
                }
            }
            decided.end()
        };
        let stopped = look().is_err();
        (decided.to, decided.left.into_iter().map(|left| left.reference).collect(), stopped)
    }

    #[test]
    fn single_things_are_left_out_and_a_row_of_them_is_an_outage() {
        use Fault::{Garbage, NoAnswer, OfOne, Outage};
        let left = |all: &[i64]| all.iter().map(i64::to_string).collect::<Vec<_>>();
        assert_eq!(page(&[None, Some(Garbage), None]), (3, left(&[2]), false));
        assert_eq!(page(&[Some(Garbage)]), (1, left(&[1]), false), "one alone on its page");
        assert_eq!(page(&[None, Some(NoAnswer)]), (2, left(&[2]), false));
        assert_eq!(page(&[Some(NoAnswer)]), (0, left(&[]), true), "perhaps nothing is answered");
        assert_eq!(page(&[None, Some(Outage), None]), (1, left(&[]), true));
        let row = vec![Some(Garbage); IN_A_ROW];
        assert_eq!(page(&[vec![None, Some(OfOne)], row.clone()].concat()), (2, left(&[2]), true));
        assert_eq!(page(&[row[1..].to_vec(), vec![None]].concat()), (5, left(&[1, 2, 3, 4]), false));
        let mixed = [Some(Garbage), Some(NoAnswer), Some(OfOne), Some(Garbage), Some(NoAnswer), Some(Garbage)];
        assert_eq!(page(&mixed), (0, left(&[]), true));
        assert_eq!(page(&[Some(OfOne); 9]).0, 9, "what the catalogue refuses is answered");
    }

    #[test]
    fn a_change_nobody_asked_about_waits_for_what_is_open_before_it() {
        let mut decided = Decided::new(4);
        decided.passed(5);
        decided.failed(6, thing(6), Fault::Garbage, ()).unwrap();
        decided.passed(7);
        assert_eq!(decided.to, 5);
        decided.end().unwrap();
        assert_eq!((decided.to, decided.left.len()), (7, 1));
    }

    #[test]
    fn a_refusal_is_of_one_and_a_closed_door_of_all() {
        let refusal = Refusal { error_code: "X".into(), message: String::new(), data: serde_json::Value::Null };
        let lost = |loss| Error::Unknown { loss, why: String::new() };
        let denied = |status| Error::Denied { status, why: String::new(), wait_s: None };
        for (error, fault) in [
            (Error::Refused(Box::new(refusal)), Fault::OfOne),
            (Error::Nonsense("<html>".into()), Fault::Garbage),
            (lost(Loss::Timeout), Fault::NoAnswer),
            (lost(Loss::Status(500)), Fault::NoAnswer),
            (denied(404), Fault::NoAnswer),
            (denied(401), Fault::Outage),
            (denied(429), Fault::Outage),
            (Error::NotSent("refused".into()), Fault::Outage),
        ] {
            assert_eq!(Fault::of_upstream(&error), fault, "{error}");
        }
    }
}
