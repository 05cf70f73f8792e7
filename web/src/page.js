// SPDX-License-Identifier: Apache-2.0
// What the page can do where scripts may run. It is whole without: everything
// here is added to elements that are there, by their data- attributes.
import { start as startTheme } from "./theme.js";
import { start as startStacks } from "./stacks.js";
import { start as startKeys } from "./keys.js";
import { start as startCopy } from "./copy.js";
import { start as startPrint } from "./print.js";
import { start as startPlace } from "./place.js";

document.documentElement.classList.add("script");
startTheme();
startStacks();
startKeys();
startCopy();
startPrint();
// The last: what the fragment asks for must be there.
startPlace();
