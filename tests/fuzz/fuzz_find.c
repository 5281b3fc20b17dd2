/*
 * What people type to find: any bytes. The first byte cuts them into a query and a text. What is
 * taken has its spans within the query, and matching it to the text stays within both.
 */
#include "../../daemon/find.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct find find;
	static uint8_t room[FIND_TEXT_MAX];
	struct rpc_fault fault = { 0 };
	if (size == 0)
		return 0;
	size_t cut = 1 + data[0] * (size - 1) / 255;
	struct tuy_bytes query = { data + 1, cut - 1 };
	struct tuy_bytes text = { data + cut, size - cut };
	if (find_parse(query, &find, &fault) != 0) {
		tuy_require(fault.code != NULL && fault.message[0] != '\0');
		return 0;
	}
	tuy_require(find.words_len <= query.len && find.term_count <= FIND_TERMS_MAX);
	for (uint32_t i = 0; i < find.term_count; i++) {
		struct tuy_bytes value = find.term[i].value;
		tuy_require(value.len > 0 && value.p >= query.p &&
		            value.p + value.len <= query.p + query.len);
	}
	tuy_require(find_index_text(&find, room).len <= sizeof room);
	struct tuy_record record = { .kind = TUY_RECORD_TIP };
	struct tuy_value *tags = &record.value[TUY_FIELD_TAGS];
	record.value[TUY_FIELD_TEXT] = (struct tuy_value){ .present = true, .text = text };
	*tags = (struct tuy_value){ .present = true, .count = 1, .item = { text } };
	(void)find_record_wanted(&find, &record, FIND_WITH_COMPANY);
	return 0;
}
