/* Members of a struct by their offset. Copied by memcpy: the tables of json-fields.h do not know a pointer's type. */
#ifndef JP_MEMBER_H
#define JP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* jp_load_NAME(base, offset) and jp_store_NAME(base, offset, value) */
#define JP_MEMBER(name, type)                                                   \
    static inline type jp_load_##name(const void *base, size_t offset) {        \
        type value;                                                             \
        memcpy(&value, (const char *)base + offset, sizeof value);              \
        return value;                                                           \
    }                                                                           \
    static inline void jp_store_##name(void *base, size_t offset, type value) { \
        memcpy((char *)base + offset, &value, sizeof value);                    \
    }

JP_MEMBER(int, int)
JP_MEMBER(i32, int32_t)
JP_MEMBER(i64, int64_t)
JP_MEMBER(u64, uint64_t)
JP_MEMBER(size, size_t)
JP_MEMBER(real, double)
JP_MEMBER(bool, bool)
JP_MEMBER(text, char *)
JP_MEMBER(array, void *) /* pointers to all structs and numbers have one representation here */

#undef JP_MEMBER

#endif
