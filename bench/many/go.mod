module inquest.test/bench/many

go 1.22
