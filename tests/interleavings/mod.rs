//! Whatever meets at a ballot, in whatever order and on whatever servers: what was answered and what
//! became of it can be told as one act after the other.

mod clocks;
mod control;
mod crowd;
mod explorer;
mod extending;
mod model;
mod schedules;
mod stage;

use explorer::{Meeting, Places};
use model::Act;
use stage::{Stage, Start};

use crate::support::{World, both};

const SERVERS: usize = 2;

fn cast(voter: usize, candidate: usize) -> Act {
    Act::Cast {
        voter,
        candidate,
        tag: 0,
    }
}

const ANYWHERE: &[Places] = &[Places::OneServer, Places::InTurn];
/// For meetings with very many orders.
const APART: &[Places] = &[Places::InTurn];

/// All orders of each of these meetings; under PostgreSQL there are at least so many.
async fn meet(world: &World, least: usize, meetings: &[Meeting<'_>]) {
    let stage = Stage::new(world, SERVERS).await;
    for meeting in meetings {
        stage.explore(meeting, least).await;
    }
    stage.end().await;
}

fn of(start: Start, acts: &[Act]) -> Meeting<'_> {
    Meeting {
        start,
        acts,
        counting: false,
        places: ANYWHERE,
    }
}

/// As [`of`], while the first closing time passes.
fn timed(acts: &[Act]) -> Meeting<'_> {
    Meeting {
        places: APART,
        ..of(Start::Closing, acts)
    }
}

/// As [`of`], with the count's own transaction cut as well.
fn counting(start: Start, acts: &[Act]) -> Meeting<'_> {
    Meeting {
        counting: true,
        places: APART,
        ..of(start, acts)
    }
}

both! {
    async fn the_same_cast_twice(world: World) {
        // A vote is written in one statement, which is not cut, and it does not matter whose is first.
        meet(&world, 5, &[of(Start::Open, &[cast(0, 0), cast(0, 0)])]).await;
    }

    async fn cast_and_cast(world: World) {
        meet(&world, 10, &[
            of(Start::Open, &[cast(0, 0), cast(0, 1)]),
            of(Start::Open, &[cast(0, 0), cast(1, 1)]),
        ])
        .await;
    }

    async fn cast_and_cast_behind_another_vote(world: World) {
        // The first keeps the writer busy, so that the others may come in one batch.
        let acts = [cast(1, 1), cast(0, 0), cast(0, 1)];
        let behind = Meeting {
            places: &[Places::OneServer],
            ..of(Start::Open, &acts)
        };
        meet(&world, 10, &[behind]).await;
    }

    async fn cast_and_close(world: World) {
        meet(&world, 10, &[of(Start::Open, &[cast(0, 1), Act::Close])]).await;
    }

    async fn cast_and_close_and_count(world: World) {
        meet(&world, 10, &[counting(Start::Open, &[cast(0, 1), Act::Close])]).await;
    }

    async fn close_and_close(world: World) {
        meet(&world, 10, &[of(Start::Open, &[Act::Close, Act::Close])]).await;
    }

    async fn close_and_close_and_count(world: World) {
        meet(&world, 10, &[counting(Start::Open, &[Act::Close, Act::Close])]).await;
    }

    async fn open_and_open(world: World) {
        meet(&world, 10, &[of(Start::Draft, &[Act::Open, Act::Open])]).await;
    }

    async fn cancel_and_open_cast_or_close(world: World) {
        meet(&world, 10, &[
            of(Start::Draft, &[Act::Cancel, Act::Open]),
            of(Start::Open, &[Act::Cancel, cast(0, 1)]),
            of(Start::Open, &[Act::Cancel, Act::Close]),
        ])
        .await;
    }

    async fn extend_and_close_or_extend(world: World) {
        meet(&world, 10, &[
            of(Start::Closing, &[Act::Extend, Act::Close]),
            of(Start::Closing, &[Act::Extend, Act::Extend]),
        ])
        .await;
    }

    async fn extend_and_cast_as_the_closing_time_passes(world: World) {
        meet(&world, 10, &[timed(&[Act::Extend, cast(0, 1), Act::TimePasses])]).await;
    }

    async fn publish_and_publish(world: World) {
        meet(&world, 10, &[of(Start::Counted, &[Act::Publish, Act::Publish])]).await;
    }

    async fn publish_and_close_and_count(world: World) {
        meet(&world, 10, &[counting(Start::Open, &[Act::Close, Act::Publish])]).await;
    }

    async fn annul_and_annul_or_publish(world: World) {
        meet(&world, 10, &[
            of(Start::Counted, &[Act::Annul, Act::Annul]),
            of(Start::Counted, &[Act::Annul, Act::Publish]),
        ])
        .await;
    }

    async fn annul_and_cast(world: World) {
        // A vote this late asks for no lock.
        meet(&world, 6, &[of(Start::Counted, &[Act::Annul, cast(0, 1)])]).await;
    }

    async fn annul_and_close_and_count(world: World) {
        meet(&world, 10, &[counting(Start::Open, &[Act::Close, Act::Annul])]).await;
    }

    async fn schedule_and_close(world: World) {
        meet(&world, 10, &[of(Start::DueToClose, &[Act::RunDue, Act::Close])]).await;
    }

    async fn schedule_and_cast(world: World) {
        meet(&world, 10, &[timed(&[Act::RunDue, cast(0, 1), Act::TimePasses])]).await;
    }

    async fn schedule_and_extend(world: World) {
        meet(&world, 10, &[timed(&[Act::RunDue, Act::Extend, Act::TimePasses])]).await;
    }

    async fn schedule_and_schedule(world: World) {
        // Before the ballot's lock comes the workshop's, which is not cut.
        meet(&world, 6, &[
            of(Start::DueToClose, &[Act::RunDue, Act::RunDue]),
            of(Start::DueToOpen, &[Act::RunDue, Act::RunDue]),
            of(Start::DueInVain, &[Act::RunDue, Act::RunDue]),
        ])
        .await;
    }

    async fn schedule_and_open_cancel_or_postpone(world: World) {
        meet(&world, 10, &[
            of(Start::DueToOpen, &[Act::RunDue, Act::Open]),
            of(Start::DueToOpen, &[Act::RunDue, Act::Cancel]),
            of(Start::DueToOpen, &[Act::RunDue, Act::Postpone]),
            of(Start::DueInVain, &[Act::RunDue, Act::Postpone]),
        ])
        .await;
    }

    async fn remind_and_remind_close_or_leave(world: World) {
        meet(&world, 10, &[
            of(Start::Open, &[Act::Remind, Act::Remind]),
            of(Start::Open, &[Act::Remind, Act::Close]),
            of(Start::Leaving, &[Act::Remind, Act::Leave]),
        ])
        .await;
    }

    async fn remind_and_schedule_as_the_closing_time_passes(world: World) {
        meet(&world, 10, &[timed(&[Act::Remind, Act::RunDue, Act::TimePasses])]).await;
    }

    async fn leaving_and_close_and_count(world: World) {
        meet(&world, 10, &[counting(Start::Leaving, &[Act::Leave, Act::Close])]).await;
    }
}
