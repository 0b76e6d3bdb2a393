//! What happened through an integration, in numbers.

use contract::analytics::{AnalyticsView, HourView};
use domain::Timestamp;
use domain::figures::Hour;
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;

/// Hours that are told of if nothing is asked for.
const USUAL: i64 = 24;

/// Most hours that are told of.
const MOST: i64 = 31 * 24;

pub(crate) async fn show(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let (from, to) = hours(ask)?;
    let integration = super::find(ask, reference).await?;
    let figures = &ask.context.figures;
    let read = figures
        .read(&integration.tenant, &integration.id, from, to)
        .await?;
    let view = AnalyticsView {
        from: read.from.begin(),
        to: to.begin(),
        totals: (&read.sum()).into(),
        hours: read
            .hours
            .iter()
            .map(|(hour, figures)| HourView {
                hour: hour.begin(),
                figures: figures.into(),
            })
            .collect(),
    };
    Ok(HttpReply::data(200, &view))
}

/// The hours that are asked for: the first, and the one after the last.
fn hours(ask: &Ask<'_>) -> Result<(Hour, Hour), Problem> {
    let running = Hour::of(ask.context.clock.now());
    // Nothing is known of what is to come.
    let last = running.later(1);
    let to = time(ask, "to")?.map_or(last, Hour::not_before).min(last);
    let from = time(ask, "from")?.map_or(to.later(-USUAL), Hour::of);
    if from >= to {
        let says = "`from` must be before `to`, and neither in the future.";
        return Err(Problem::new(422, "no_time_between", says)
            .hint("Give two times, the earlier one as `from`."));
    }
    Ok((from.max(to.later(-MOST)), to))
}

fn time(ask: &Ask<'_>, name: &'static str) -> Result<Option<Timestamp>, Problem> {
    let Some(given) = ask.parameter(name) else {
        return Ok(None);
    };
    let says = "must be a time such as 2026-01-31T09:30:00Z";
    let time = Timestamp::parse(&given);
    // Years before the first have another form, which does not sort.
    time.map(|time| Some(time.max(Timestamp::default())))
        .ok_or_else(|| Problem::invalid_parameter(name, says))
}
