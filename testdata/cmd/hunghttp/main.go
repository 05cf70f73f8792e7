// SPDX-License-Identifier: Apache-2.0

// Command hunghttp holds clients and servers of HTTP that are hung.
package main

import (
	hunghttp "inquest.test/hung-http"
	"inquest.test/moment"
)

func main() {
	moment.Main([]moment.Case{
		{Name: "hung-http", Run: hunghttp.Defect},
		{Name: "hung-http-healthy", Run: hunghttp.Healthy},
	})
}
