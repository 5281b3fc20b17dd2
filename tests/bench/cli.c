/* The commands people type most, as whole processes, on a store of many tips. */
#include "../../daemon/view_rebuild.h"
#include "bench.h"
#include "fill.h"
#include "home.h"
#include "lives.h"
#include "tips.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOGS       10u
#define RUNS       50u
#define YEARS_S    (1000u * 86400) /* in which all that was given */
#define FORGETS    5u
#define OUTPUT_MAX 65536

struct cli {
	const struct bench *bench;
	struct home home;
	struct people people;
	uint32_t entry_count; /* tips */
	uint32_t done_count;  /* what was done about them */
};

/* ---- the home ---- */

static struct tuy_bytes record_of(void *context, uint32_t log_no, uint32_t i, uint8_t *buffer)
{
	struct tip tip;
	(void)context;
	if (log_no == 0 && i == 0)
		return tip_name_write(TUY_RECORD_CIRCLE, "Bench", buffer);
	if (i == (log_no == 0))
		return tip_name_write(TUY_RECORD_PROFILE, "Somebody Invented", buffer);
	i -= log_no == 0 ? 2 : 1;
	tip_invent(&tip, lives_tip_number(log_no, i));
	tip.claims = lives_is_picked(i);
	return lives_is_ask(i) ? tip_ask_write(&tip, buffer) : tip_write(&tip, buffer);
}

/* A person of a circle of ten, who holds all they ever gave. */
static void home_fill(struct cli *cli)
{
	const struct keys *keys = cli->home.keys;
	struct fill *fill = fill_open(cli->home.paths.store_dir, &keys->device, WRITER_WORDS);
	cli->people.person[0].keys = keys->device;
	cli->people.person[0].cert = keys->cert;
	cli->people.person[0].incarnation = *fill_incarnation(fill);
	people_invent(&cli->people, 1, LOGS);
	people_found(&cli->people);
	fill_circle(fill, &cli->people);
	uint64_t begun = bench_now_ns();
	fill_since(fill, (uint32_t)time(NULL) - YEARS_S);
	for (uint32_t i = 0; i < LOGS; i++) {
		fill_log(fill, &cli->people, i, i, 0);
		/* the names come on top */
		(void)fill_entries(fill, &cli->people, i, cli->entry_count / LOGS + 1 + (i == 0),
		                   record_of, NULL);
	}
	struct lives lives = { .people = &cli->people,
		               .people_count = LOGS,
		               .tip_count = cli->entry_count / LOGS };
	for (uint32_t i = 0; i < LOGS; i++)
		cli->done_count += lives_fill(&lives, fill, i);
	double seconds = (double)(bench_now_ns() - begun) / 1e9;
	fill_close(fill);
	bench_row("filled", "%.1f s, with %u records of what was done about them", seconds,
	          cli->done_count);
}

/* ---- what is measured ---- */

/* The i-th of the tips that are looked for: spread over all logs and ages. */
static void tip_choose(const struct cli *cli, uint32_t i, uint32_t *log_no, struct tip *tip)
{
	uint32_t each = cli->entry_count / LOGS;
	*log_no = i % LOGS;
	uint32_t at = (uint32_t)((uint64_t)i * (each - 2) / RUNS);
	tip_invent(tip, lives_tip_number(*log_no, at - lives_is_ask(at)));
}

static double inbox_run(struct cli *cli, uint32_t i, const char *output)
{
	static const char *const words[HOME_WORDS] = { "inbox" };
	(void)i;
	return home_tuyau_run(&cli->home, words, output);
}

static double search_run(struct cli *cli, uint32_t i, const char *output)
{
	struct tip tip;
	uint32_t log_no;
	tip_choose(cli, i, &log_no, &tip);
	const char *words[HOME_WORDS] = { "search", tip.search[0], tip.search[1] };
	return home_tuyau_run(&cli->home, words, output);
}

static double show_run(struct cli *cli, uint32_t i, const char *output)
{
	char id[TUY_OBJECT_TEXT];
	struct tip tip;
	uint32_t log_no;
	tip_choose(cli, i, &log_no, &tip);
	struct tuy_object object =
		tuy_object_id(&cli->people.id, &cli->people.person[log_no].cert.member, &tip.nonce);
	tuy_object_text(&object, id);
	const char *words[HOME_WORDS] = { "show", id };
	return home_tuyau_run(&cli->home, words, output);
}

static double value_run(struct cli *cli, uint32_t i, const char *output)
{
	static const char *const words[HOME_WORDS] = { "value" };
	(void)i;
	return home_tuyau_run(&cli->home, words, output);
}

static double digest_run(struct cli *cli, uint32_t i, const char *output)
{
	static const char *const words[HOME_WORDS] = { "digest" };
	(void)i;
	return home_tuyau_run(&cli->home, words, output);
}

typedef double command_run(struct cli *cli, uint32_t i, const char *output);

/* What is fast but wrong would be no measure: the first answer must hold `wanted`. */
static void answer_check(struct cli *cli, const char *name, command_run *run, const char *wanted)
{
	static char text[OUTPUT_MAX];
	char path[BENCH_PATH + 16];
	(void)snprintf(path, sizeof path, "%s/answer", cli->home.dir);
	double us = run(cli, 0, path);
	FILE *file = fopen(path, "re");
	text[file == NULL ? 0 : fread(text, 1, sizeof text - 1, file)] = '\0';
	if (file != NULL)
		(void)fclose(file);
	if (us < 0 || strstr(text, wanted) == NULL)
		bench_die("cli: %s does not answer with \"%s\": %.200s", name, wanted, text);
}

static void command_measure(struct cli *cli, const char *name, command_run *run, const char *wanted)
{
	double us[RUNS];
	answer_check(cli, name, run, wanted);
	for (uint32_t i = 0; i < RUNS; i++) {
		us[i] = run(cli, i, NULL);
		if (us[i] < 0)
			bench_die("cli: %s (run %u) failed", name, i);
	}
	double p50 = bench_percentile(us, RUNS, 50);
	bench_row(name, "%.1f ms p50, %.1f ms p99; p50 = %.1f x a bare process", p50 / 1000,
	          bench_percentile(us, RUNS, 99) / 1000,
	          p50 / limit_get(cli->bench, LIMIT_PROCESS_P50_US));
}

/* Somebody else's tip is erased here, and the file scrubbed. */
static double forget_run(struct cli *cli, uint32_t i)
{
	char id[TUY_OBJECT_TEXT];
	struct tip tip;
	uint32_t log_no;
	tip_choose(cli, i * LOGS + 1, &log_no, &tip);
	struct tuy_object object =
		tuy_object_id(&cli->people.id, &cli->people.person[log_no].cert.member, &tip.nonce);
	tuy_object_text(&object, id);
	const char *words[HOME_WORDS] = { "forget", id, "--yes" };
	return home_tuyau_run(&cli->home, words, NULL);
}

static void forget_measure(struct cli *cli)
{
	double us[FORGETS];
	for (uint32_t i = 0; i < FORGETS; i++) {
		us[i] = forget_run(cli, i);
		if (us[i] < 0)
			bench_die("cli: forget (run %u) failed", i);
	}
	bench_row("tuyau forget ID", "%.0f ms p50, %.0f ms at most, with the file scrubbed",
	          bench_percentile(us, FORGETS, 50) / 1000,
	          bench_percentile(us, FORGETS, 100) / 1000);
}

/* What `tuyaud --rebuild` does before it answers. */
static void rebuild_measure(const struct cli *cli)
{
	const struct keys *keys = cli->home.keys;
	struct view_rebuild rebuild = { .keys = &keys->device, .when = VIEW_REBUILD_ALWAYS };
	struct store_error error;
	if (store_open(cli->home.paths.store_dir, &keys->device, &rebuild.store, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	uint64_t begun_ns = bench_now_ns();
	if (view_rebuild_run(&rebuild, &error) != 0)
		bench_die("%s: %s", error.code, error.message);
	double seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
	double entries = cli->entry_count + cli->done_count;
	store_close(rebuild.store);
	if (rebuild.result != VIEW_REBUILT || rebuild.entries_damaged > 0)
		bench_die("cli: the view was not made again");
	bench_row("tuyaud --rebuild", "%.1f s for 100,000 entries; %.2f x verify",
	          seconds * 1e5 / entries,
	          entries / seconds / limit_get(cli->bench, LIMIT_VERIFY_PER_S));
}

void cli_run(const struct bench *bench)
{
	static struct cli cli;
	struct tip first;
	uint32_t log_no;
	cli.bench = bench;
	cli.entry_count = bench->entry_count / LOGS * LOGS;
	bench_title("cli: whole processes on a store of %u tips of %u people, %u runs each",
	            cli.entry_count, LOGS, RUNS);
	home_make(bench, &cli.home);
	home_fill(&cli);
	(void)home_daemon_start(&cli.home, "127.0.0.1:0");
	bench_row("limits", "bare process %.2f ms p50, %.2f ms p99",
	          limit_get(bench, LIMIT_PROCESS_P50_US) / 1000,
	          limit_get(bench, LIMIT_PROCESS_P99_US) / 1000);
	tip_choose(&cli, 0, &log_no, &first);
	command_measure(&cli, "tuyau inbox", inbox_run, "\t");
	command_measure(&cli, "tuyau search WORD WORD", search_run, "\t");
	command_measure(&cli, "tuyau show ID", show_run, first.title);
	command_measure(&cli, "tuyau value", value_run, "EUR");
	command_measure(&cli, "tuyau digest", digest_run, "MOVES");
	forget_measure(&cli);
	home_daemon_stop();
	rebuild_measure(&cli);
	home_remove(&cli.home);
}
