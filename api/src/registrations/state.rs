//! From state to state: pure.

use super::entity::State;

/// What someone wants of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The person comes.
    Confirm,
    /// The person does not come, or withdraws their request.
    Decline,
    /// An organiser grants a request.
    Accept,
    /// The person repeats a request they had withdrawn.
    AskAgain,
}

/// Where the step leads, the present state when it was made before; `None` where it is not possible.
pub fn after(state: State, admitted: bool, step: Step) -> Option<State> {
    match (step, state) {
        (Step::Confirm, State::Invited | State::Confirmed) => Some(State::Confirmed),
        // Whoever withdrew a request was never admitted, and is not by this way either.
        (Step::Confirm, State::Declined) => admitted.then_some(State::Confirmed),
        (Step::Decline, _) => Some(State::Declined),
        (Step::Accept, State::Requested | State::Confirmed) => Some(State::Confirmed),
        (Step::AskAgain, State::Declined) if !admitted => Some(State::Requested),
        (Step::AskAgain, state) => Some(state),
        (Step::Confirm, State::Requested) | (Step::Accept, State::Invited | State::Declined) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 4] = [State::Requested, State::Invited, State::Confirmed, State::Declined];

    #[test]
    fn every_step_may_be_repeated() {
        for step in [Step::Confirm, Step::Decline, Step::Accept, Step::AskAgain] {
            for state in STATES {
                for admitted in [false, true] {
                    if let Some(next) = after(state, admitted, step) {
                        let admitted = admitted || step == Step::Accept;
                        assert_eq!(after(next, admitted, step), Some(next), "{state:?} {step:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_admits_themself() {
        let own = [Step::Confirm, Step::Decline, Step::AskAgain];
        let mut reached = vec![State::Requested];
        while let Some(state) = reached.pop() {
            for next in own.into_iter().filter_map(|step| after(state, false, step)) {
                assert!(!matches!(next, State::Invited | State::Confirmed), "{state:?}");
                if next != state && next != State::Requested {
                    reached.push(next);
                }
            }
        }
    }
}
