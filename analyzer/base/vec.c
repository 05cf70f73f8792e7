/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdint.h>
#include <string.h>

bool iq_vec_grow(void **data, size_t *cap, size_t need, size_t size)
{
	size_t max = SIZE_MAX / 2 / size;
	size_t new_cap = *cap;
	void *old, *new;

	if (need <= *cap)
		return true;
	if (need > max)
		return false;
	// By a half: what realloc() must copy stays linear in all, and a third
	// is wasted at most.
	new_cap += new_cap / 2;
	if (new_cap < need)
		new_cap = need;
	if (new_cap < 8)
		new_cap = 8;
	if (new_cap > max)
		new_cap = max;
	// @data is a pointer to a pointer of the user's own type, which must
	// not be accessed as a void pointer.
	memcpy(&old, data, sizeof(old));
	new = realloc(old, new_cap * size);
	if (!new)
		return false;
	memcpy(data, &new, sizeof(new));
	*cap = new_cap;
	return true;
}
