//! What has served its time goes: codes, counts, tokens, keys, letters that carried a code.

use sea_orm::{DatabaseTransaction, DbErr};

use super::{codes, refresh, token_keys, tries};
use crate::app::App;
use crate::http::Problem;
use crate::{attendance, mail};

/// Any process may do it at any time; what is not swept yet counts for nothing already.
pub async fn sweep(app: &App) -> Result<(), Problem> {
    let now = app.ambient.now();
    apart(app, async |on| codes::sweep(on, now).await).await?;
    apart(app, async |on| tries::sweep(on, now).await).await?;
    apart(app, async |on| refresh::sweep(on, now).await).await?;
    apart(app, async |on| token_keys::sweep(on, now).await).await?;
    apart(app, async |on| mail::sweep(on, now).await).await?;
    apart(app, async |on| attendance::sweep(on, now).await).await
}

/// In a transaction of its own, so that it waits for nobody while it holds another table's rows.
async fn apart(app: &App, step: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), DbErr>) -> Result<(), Problem> {
    let transaction = app.store.write().await?;
    step(&transaction).await?;
    Ok(transaction.commit().await?)
}
