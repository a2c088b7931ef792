//! Large tables, page by page: whoever goes through one is at a page while the database is at the next.

use sea_orm::{ConnectionTrait, DbErr, Statement};

/// Reads pages of up to `size` rows, each `after` the key of the last row before, to the first that is
/// shorter. Each is taken while the database looks for the next.
pub async fn each_page<T, K, E: From<DbErr>, R: Future<Output = Result<Vec<T>, DbErr>>>(
    size: usize,
    read: impl Fn(Option<K>) -> R,
    key: impl Fn(&T) -> K,
    mut take: impl FnMut(Vec<T>) -> Result<(), E>,
) -> Result<(), E> {
    let mut page = read(None).await?;
    while let Some(last) = page.last().filter(|_| page.len() >= size) {
        let next = read(Some(key(last)));
        let (next, taken) = tokio::join!(biased; next, async { take(page) });
        taken?;
        page = next?;
    }
    take(page)
}

/// Carries out statements one after the other; each is made while the database is at the one before.
pub async fn run_each<E: From<DbErr>>(
    on: &impl ConnectionTrait,
    mut statements: impl Iterator<Item = Result<Statement, E>>,
) -> Result<(), E> {
    let mut next = statements.next().transpose()?;
    while let Some(statement) = next {
        let (ran, made) = tokio::join!(biased; on.execute_raw(statement), async { statements.next().transpose() });
        ran?;
        next = made?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What was done while numbers up to this one were read two by two, and how it ended.
    async fn numbers(until: i32, take: impl Fn(&[i32]) -> Result<(), DbErr>) -> (Vec<String>, Result<(), DbErr>) {
        let done = RefCell::new(Vec::new());
        let read = |after: Option<i32>| {
            let (first, done) = (after.map_or(1, |last| last + 1), &done);
            async move {
                done.borrow_mut().push(format!("asked from {first}"));
                Ok((first..=until).take(2).collect::<Vec<_>>())
            }
        };
        let taken = |page: Vec<i32>| {
            done.borrow_mut().push(format!("took {page:?}"));
            take(&page)
        };
        let ended = each_page(2, read, |last| *last, taken).await;
        (done.into_inner(), ended)
    }

    #[tokio::test]
    async fn a_page_is_taken_once_the_next_is_asked_for_and_the_first_that_is_not_full_is_the_last() {
        let (done, ended) = numbers(5, |_| Ok(())).await;
        assert!(ended.is_ok());
        let expected = [
            "asked from 1",
            "asked from 3",
            "took [1, 2]",
            "asked from 5",
            "took [3, 4]",
            "took [5]",
        ];
        assert_eq!(done, expected);

        assert_eq!(numbers(0, |_| Ok(())).await.0, ["asked from 1", "took []"]);
        let (done, _) = numbers(2, |_| Ok(())).await;
        assert_eq!(done, ["asked from 1", "asked from 3", "took [1, 2]", "took []"]);
    }

    #[tokio::test]
    async fn nothing_is_asked_for_after_a_page_that_could_not_be_taken() {
        let (done, ended) = numbers(9, |_| Err(DbErr::Custom("no".to_owned()))).await;
        assert!(ended.is_err());
        assert_eq!(done, ["asked from 1", "asked from 3", "took [1, 2]"]);
    }

    #[tokio::test]
    async fn statements_are_carried_out_in_their_order_up_to_the_first_that_fails() {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let database = sea_orm::Database::connect(options).await.expect("a database");
        database
            .execute_unprepared("CREATE TABLE t (n integer CHECK (n < 3))")
            .await
            .expect("a table");
        let made = RefCell::new(0);
        let statements = (1..9).map(|number| {
            *made.borrow_mut() += 1;
            let sql = format!("INSERT INTO t SELECT {number} WHERE (SELECT count(*) FROM t) = {number} - 1");
            Ok::<_, DbErr>(Statement::from_string(database.get_database_backend(), sql))
        });
        assert!(run_each(&database, statements).await.is_err());
        let stored = database
            .query_all_raw(Statement::from_string(
                database.get_database_backend(),
                "SELECT n FROM t",
            ))
            .await
            .expect("rows");
        assert_eq!(stored.len(), 2, "in order, each once");
        assert_eq!(made.into_inner(), 4, "the next was made meanwhile, and no other");
    }
}
