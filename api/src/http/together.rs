//! Reads that come together are asked together.
//!
//! While one query is on its way, the questions that come meanwhile gather for the next; there is no
//! timer. A query begins after each of its questions was asked, so no answer is older than if the
//! question had been asked alone. A hall that opens the same page at once costs the database a few
//! queries instead of thousands. Each worker asks for itself, on its own thread: that comes to it once
//! all who are ready at the moment have asked.

use tokio::sync::{mpsc, oneshot};

use super::codes::Code;
use super::problem::{Problem, survived};

/// Questions that may wait; more are told to come again.
const QUEUE: usize = 4096;
/// Questions in one query.
const MOST: usize = 256;

/// Who answers many at once.
pub trait Respondent: Send + 'static {
    type Question: Send;
    type Answer: Send;

    /// One answer for each of the questions, in their order.
    fn answer(
        &mut self,
        questions: Vec<Self::Question>,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Problem>> + Send;
}

type Waiting<R> = (
    <R as Respondent>::Question,
    oneshot::Sender<Result<<R as Respondent>::Answer, Problem>>,
);

/// Asks on behalf of many.
pub struct Together<R: Respondent>(mpsc::Sender<Waiting<R>>);

impl<R: Respondent> Together<R> {
    /// Ends with its last handle.
    pub fn start(mut respondent: R) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Waiting<R>>(QUEUE);
        tokio::spawn(async move {
            let mut taken = Vec::with_capacity(MOST);
            while waiting.recv_many(&mut taken, MOST).await > 0 {
                let (questions, askers): (Vec<_>, Vec<_>) = taken.drain(..).unzip();
                let answers = survived("looking up", respondent.answer(questions)).await;
                let mut answers = answers.map(Vec::into_iter);
                for asker in askers {
                    let answer = match &mut answers {
                        Ok(answers) => answers.next().ok_or_else(|| Code::Internal.into()),
                        Err(problem) => Err(problem.clone()),
                    };
                    // Whoever hung up needs no answer.
                    asker.send(answer).unwrap_or(());
                }
            }
        });
        Self(queue)
    }

    pub async fn ask(&self, question: R::Question) -> Result<R::Answer, Problem> {
        let (asker, answer) = oneshot::channel();
        self.0.try_send((question, asker)).map_err(|_| Code::Unavailable)?;
        answer.await.map_err(|_| Code::Unavailable)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles numbers when it may; zero it cannot, and one is a fault.
    struct Doubles {
        may_answer: Arc<Semaphore>,
        asked: Arc<Mutex<Vec<usize>>>,
    }

    impl Respondent for Doubles {
        type Question = u32;
        type Answer = u32;

        async fn answer(&mut self, questions: Vec<u32>) -> Result<Vec<u32>, Problem> {
            self.asked.lock().unwrap().push(questions.len());
            self.may_answer.acquire().await.unwrap().forget();
            if questions.contains(&1) {
                std::panic::resume_unwind(Box::new("a fault"));
            }
            if questions.contains(&0) {
                return Err(Code::Unavailable.into());
            }
            Ok(questions.into_iter().map(|question| question * 2).collect())
        }
    }

    #[tokio::test]
    async fn what_comes_while_one_is_asked_is_asked_together_next() {
        let (may_answer, asked) = (Arc::new(Semaphore::new(0)), Arc::default());
        let doubles = Arc::new(Together::start(Doubles {
            may_answer: may_answer.clone(),
            asked: Arc::clone(&asked),
        }));
        let ask = |question: u32| {
            let doubles = doubles.clone();
            tokio::spawn(async move { doubles.ask(question).await.ok() })
        };
        let first = ask(2);
        while asked.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let rest: Vec<_> = (3..=101).map(ask).collect();
        // This runtime has one thread, and each of them asks before it waits.
        tokio::task::yield_now().await;
        may_answer.add_permits(2);
        assert_eq!(first.await.unwrap(), Some(4));
        for (question, answer) in (3..).zip(rest) {
            assert_eq!(answer.await.unwrap(), Some(question * 2));
        }
        assert_eq!(*asked.lock().unwrap(), [1, 99]);
    }

    #[tokio::test]
    async fn what_fails_fails_for_those_who_asked_and_not_for_the_next() {
        let doubles = Together::start(Doubles {
            may_answer: Arc::new(Semaphore::new(3)),
            asked: Arc::default(),
        });
        for fails in [0, 1] {
            assert!(doubles.ask(fails).await.is_err());
        }
        assert!(matches!(doubles.ask(3).await, Ok(6)));
    }
}
