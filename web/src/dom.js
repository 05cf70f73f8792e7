// SPDX-License-Identifier: Apache-2.0
// A new element with attributes and children; text stays text.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export const find = (selector) => document.querySelector(selector);
export const findAll = (selector) => Array.from(document.querySelectorAll(selector));
