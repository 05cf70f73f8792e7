/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/scene.h"
struct iq_error *iq_go_objects_read(struct iq_go_scene *s)
{
	(void)s;
	return NULL;
}
