module inquest.test/bench/profile

go 1.22
