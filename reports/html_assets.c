/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/html_assets.h"

#include <stddef.h>

#include "reports/html_assets.inc"
